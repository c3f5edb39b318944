"""Sketches in progress: the strokes that are drawn once a given share of the ink is used."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from model.preprocessing.frames import Strokes

_Stroke = Sequence[Sequence[float]]


def first_share(strokes: Strokes, share: float) -> Strokes:
    """Return the first `share` (0..1] of a sketch's ink: its length along all strokes, in drawing order.

    The stroke in progress is cut between two of its points. Dots have no length and belong to the strokes before them.
    Raises ValueError for a share outside of (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"share of the ink is {share:g}, expected more than 0 and at most 1")
    if share == 1:
        return strokes
    lengths = [length_of(stroke) for stroke in strokes]
    length_left = share * math.fsum(lengths)
    drawn: list[_Stroke] = []
    for stroke, length in zip(strokes, lengths, strict=True):
        if length > length_left:
            return [*drawn, _cut_stroke(stroke, length_left)] if length_left > 0 else drawn
        drawn.append(stroke)
        length_left -= length
    return drawn


def _cut_stroke(stroke: _Stroke, length: float) -> _Stroke:
    """Cut a stroke that is longer than `length` at that length."""
    points = [stroke[0]]
    for start, end in pairwise(stroke):
        step = math.dist(start[:2], end[:2])
        if step >= length:
            return [*points, _interpolate_point(start, end, length / step)]
        points.append(end)
        length -= step
    return points


def _interpolate_point(start: Sequence[float], end: Sequence[float], share: float) -> list[float]:
    """Interpolate the point at `share` of the way, with its pressure if both points have one."""
    return [a + share * (b - a) for a, b in zip(start, end, strict=False)]


def length_of(stroke: _Stroke) -> float:
    """Return the length of a stroke."""
    return math.fsum(math.dist(start[:2], end[:2]) for start, end in pairwise(stroke))

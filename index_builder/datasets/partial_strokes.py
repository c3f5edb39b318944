"""A drawing in progress: the part of a sketch's strokes that is drawn when some of its ink has flowed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from model.preprocessing.frames import Strokes

_Stroke = Sequence[Sequence[float]]


def first_share(strokes: Strokes, share: float) -> Strokes:
    """The first `share` (0..1] of a sketch's ink: its length along all strokes, in drawing order.

    The stroke that is being drawn then is cut off between two of its points. Dots have no length and come with what is
    drawn before them. Raises ValueError for a share outside of (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"share of the ink is {share:g}, expected more than 0 and at most 1")
    if share == 1:
        return strokes
    lengths = [length_of(stroke) for stroke in strokes]
    left = share * math.fsum(lengths)
    part: list[_Stroke] = []
    for stroke, length in zip(strokes, lengths, strict=True):
        if length > left:
            return [*part, _start_of(stroke, left)] if left > 0 else part
        part.append(stroke)
        left -= length
    return part


def _start_of(stroke: _Stroke, length: float) -> _Stroke:
    """The first points of a stroke that is longer than `length`, and the point at that length."""
    points = [stroke[0]]
    for start, end in pairwise(stroke):
        step = math.dist(start[:2], end[:2])
        if step >= length:
            return [*points, _between(start, end, length / step)]
        points.append(end)
        length -= step
    return points


def _between(start: Sequence[float], end: Sequence[float], share: float) -> list[float]:
    """The point at `share` of the way, its pressure too where both have one."""
    return [a + share * (b - a) for a, b in zip(start, end, strict=False)]


def length_of(stroke: _Stroke) -> float:
    return math.fsum(math.dist(start[:2], end[:2]) for start, end in pairwise(stroke))

"""Detection and removal of the lines printed on ruled or squared paper.

They run from edge to edge at even distances.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Density = NDArray[np.float32]
"""(H,W): the logarithm of how much darker each place is than blank paper."""

Line = NDArray[np.float64]
"""(W,): the height, in px, at which a line from the left edge to the right one passes each column."""

_STRIPS = 32  # number of vertical strips in which lines are searched
_STEEPEST = 0.15  # px per px: largest slope of lines in a photo
_LEAST = 0.02  # density of the faintest line
_FEWEST = 5  # lines: fewer do not count as ruled
_SPANS = 0.75  # of the page's width: smallest visible part of a line
_REACH = 4  # px: from the middle of a line to its outside


def without_rulings(density: Density) -> Density:
    """Subtract the density of the printed lines on a page, if there are any."""
    across, down = _find_lines(density), _find_lines(density.T)
    if not (_is_evenly_spaced(across) or _is_evenly_spaced(down)):
        return density
    # on printed paper a single line from edge to edge, such as a margin, is printed, too
    return _subtract_lines(_subtract_lines(density, across).T, down).T


def is_ruled(density: Density) -> bool:
    """Return whether a page has printed lines."""
    return _is_evenly_spaced(_find_lines(density)) or _is_evenly_spaced(_find_lines(density.T))


def _find_lines(density: Density) -> list[Line]:
    """Find straight, or slightly bent, lines from the left edge to the right one, from top to bottom."""
    height, width = density.shape
    if min(height, width) < 4 * _STRIPS:
        return []
    bounds = np.linspace(0, width, _STRIPS + 1).astype(int)
    capped = np.clip(density, 0, 0.4)  # so that strokes do not outweigh printed lines
    strips = np.stack([capped[:, a:b].mean(axis=1) for a, b in pairwise(bounds)], axis=1)
    strips -= cv2.blur(strips, (1, 4 * _REACH + 1), borderType=cv2.BORDER_REFLECT)  # (H,strips)
    across = (bounds[:-1] + bounds[1:] - 1) / (2 * width) - 0.5  # -0.5 to 0.5
    bends = _fit_bends(strips, across, width)
    if bends is None:
        return []
    columns = np.linspace(-0.5, 0.5, width)
    return [_evaluate_line(line, columns) for line in _follow_lines(strips, across, bends)]


def _fit_bends(strips: Density, across: NDArray[np.float64], width: int) -> NDArray[np.float64] | None:
    """Fit the slope and the bend of lines as linear functions of their height in the middle: (2,2).

    The fit is over all lines that can be followed from the middle of the page to its edges. None if there are none.
    """
    slopes = np.linspace(-_STEEPEST, _STEEPEST, 121) * width
    slope = max(slopes, key=lambda slope: float(_average_sheared(strips, across * slope).var()))
    centre = slice(_STRIPS * 3 // 8, _STRIPS * 5 // 8)
    profile = _average_sheared(strips[:, centre], across[centre] * slope)
    peaks = _find_peaks(profile)
    traced = [_trace_line(strips, across, float(peak), slope) for peak in peaks]
    lines = np.array([line for line in traced if line is not None])  # (n,3)
    if not len(lines):
        return None
    degree = 1 if len(lines) >= _FEWEST else 0
    fits = [np.polyfit(lines[:, 2], lines[:, i], degree) for i in (1, 0)]
    return np.array([np.concatenate([np.zeros(1 - degree), fit]) for fit in fits])


def _average_sheared(strips: Density, falls: NDArray[np.float64]) -> NDArray[np.float32]:
    """Average strips (H,n) to (H,), each moved up by the fall of the lines up to it."""
    moved = [np.roll(strip, -round(fall)) for strip, fall in zip(strips.T, falls, strict=True)]
    return np.asarray(np.mean(moved, axis=0), np.float32)


def _trace_line(
    strips: Density, across: NDArray[np.float64], start: float, slope: float
) -> tuple[float, float, float] | None:
    """Follow a line from the middle of the page to both edges; return (bend, slope, height) if it reaches them."""
    heights: list[tuple[float, float]] = []
    for order in (range(_STRIPS // 2, _STRIPS), range(_STRIPS // 2 - 1, -1, -1)):
        x, y, rise = 0.0, start, slope
        for i in order:
            y += rise * (across[i] - x)
            x = float(across[i])
            seen = _find_ridge(strips[:, i], y)
            if seen is not None:
                heights.append((x, seen))
                rise += 0.1 * (seen - y) * _STRIPS
                y += 0.5 * (seen - y)
    return _fit_line(heights) if len(heights) > _SPANS * _STRIPS else None


def _follow_lines(
    strips: Density, across: NDArray[np.float64], bends: NDArray[np.float64]
) -> list[tuple[float, float, float]]:
    """Return (bend, slope, height) of every line that bends like the others, including those cut off by a corner."""
    height = len(strips)
    starts = np.arange(-height // 8, height + height // 8)
    heights = np.rint(starts[:, None] + np.polyval(bends[0], starts)[:, None] * across)
    heights = np.rint(heights + np.polyval(bends[1], starts)[:, None] * across**2).astype(int)  # (starts,strips)
    within = (heights >= 0) & (heights < height)
    values = cv2.dilate(strips, np.ones((3, 1), np.uint8))[np.clip(heights, 0, height - 1), np.arange(_STRIPS)]
    values[~within] = np.nan
    values[within.mean(axis=1) < 0.1] = 0  # almost outside of the picture
    throughout = np.nanquantile(values, 1 - _SPANS, axis=1)  # strokes are shorter than lines
    peaks = _find_peaks(throughout)
    lines = []
    for peak in peaks:
        ridges = [(x, _find_ridge(strips[:, i], float(heights[peak, i]))) for i, x in enumerate(across)]
        points = [(x, y) for x, y in ridges if y is not None]
        if len(points) > 2:
            lines.append(_fit_line(points))
    return lines


def _find_peaks(values: NDArray[np.floating]) -> NDArray[np.int64]:
    """Find local maxima (n,) with the smallest distance that lines can have."""
    from scipy.signal import find_peaks  # here, since its import takes longer than OpenCV's, and few pictures need it

    peaks: NDArray[np.int64] = find_peaks(values, height=_LEAST / 2, distance=_REACH + 1)[0]
    return peaks


def _find_ridge(strip: NDArray[np.float32], height: float) -> float | None:
    """Return the height of a line in a strip (H,), within 2 px of `height`; None if it has none."""
    low = round(height) - 2
    if low < 0 or low + 5 > len(strip):
        return None
    window = strip[low : low + 5]
    return low + float(np.argmax(window)) if window.max() > _LEAST / 2 else None


def _fit_line(heights: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Fit (bend, slope, height) to points of a line."""
    x, y = np.array(heights).T
    bend, slope, height = np.polyfit(x, y, 2)
    return float(bend), float(slope), float(height)


def _evaluate_line(line: tuple[float, float, float], across: NDArray[np.float64]) -> Line:
    """Evaluate a line at the columns."""
    return np.asarray(np.polyval(line, across), np.float64)


def _is_evenly_spaced(lines: Sequence[Line]) -> bool:
    """Return whether these are many lines at mostly even distances."""
    if len(lines) < _FEWEST:
        return False
    gaps = np.diff(np.sort([line[len(line) // 2] for line in lines]))
    return float((np.abs(gaps / np.median(gaps) - 1) < 0.25).mean()) > 0.6


def _subtract_lines(density: Density, lines: Sequence[Line]) -> Density:
    """Subtract each line's typical density along it."""
    if not lines:
        return density
    offsets = np.arange(-_REACH, _REACH + 1)[:, None]
    bands = [np.clip(np.rint(line).astype(int) + offsets, 0, len(density) - 1) for line in lines]  # each (offsets,W)
    columns = np.broadcast_to(np.arange(density.shape[1]), bands[0].shape)
    # printed lines have equal density: denser places are drawn
    densest = 1.5 * np.median([np.median(density[band, columns].max(axis=0)) for band in bands])
    remaining = density.copy()
    for band in bands:
        seen = remaining[band, columns]
        printed = np.minimum(_typical_density(seen), densest)
        rest = seen - printed
        # the remainder of an uneven printed line does not count as drawn
        remaining[band, columns] = np.where(rest > 0.8 * printed.max(axis=0), rest, np.minimum(rest, 0))
    return remaining


def _typical_density(band: Density, parts: int = 12) -> Density:
    """Compute medians (n,W) of a band (n,W) along a third of its width.

    Strokes seldom cover half of that.
    """
    width = band.shape[1]
    middles = (np.arange(parts) + 0.5) * width / parts
    around = [slice(max(0, int(middle - width / 6)), int(middle + width / 6)) for middle in middles]
    medians = np.stack([np.median(band[:, part], axis=1) for part in around], axis=1)
    where = np.arange(width)
    return np.stack([np.interp(where, middles, row) for row in np.maximum(medians, 0)]).astype(np.float32)

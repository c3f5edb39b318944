"""Sketches on paper, photographed or scanned -> their ink. Drawings on a plain ground need no cleaning.

The sheet is cut out and straightened, uneven light is divided out, and printed lines are removed. The remaining dark
places are ink, except stray marks.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.preprocessing.images import Pixels, to_ink, to_rgb
from model.preprocessing.line_drawing import (
    FAINT,
    WORKING_SIDE,
    BlankSketchError,
    InkMask,
    ink_mask,
    within_working_side,
)
from model.preprocessing.paper.ruled_lines import Density, is_ruled, without_rulings
from model.preprocessing.paper.sheet import find_sheet, straightened

_EVEN = 0.03  # contrast within which a plain ground is of one colour
_FAINTEST = 0.04  # smallest density of ink
_OF_USUAL = 0.35  # of the typical ink's density: less is not ink
_CLEAR = 0.22  # density of what is clearly darker than paper
_CROWDED = 0.08  # share of a page that is clearly darker: up to 0.03 of sketches on paper, over 0.1 of most scenes
_STROKE = 0.02  # of the page's longer side: shorter strokes alone are noise
_SPECK = 0.005  # of all ink: a smaller group is a speck ...
_STRAY = 0.04  # ... and if it is far from all others, a stray mark


def sketch_mask(image: Image.Image) -> InkMask:
    """Return the ink of a sketch on any ground: 0 to 1, at most WORKING_SIDE long.

    A photo of a sheet is straightened. Raises BlankSketchError.
    """
    ink = to_ink(image, WORKING_SIDE)
    return ink_mask(ink) if is_plain(ink) else _find_ink(_read_page(image))


def sketch_mask_unless_crowded(image: Image.Image) -> InkMask | None:
    """Return the ink like sketch_mask(), but None for a photo from life: a sheet has more paper than lines."""
    ink = to_ink(image, WORKING_SIDE)
    if is_plain(ink):
        return ink_mask(ink)
    density = _read_page(image)
    return None if float((density > _CLEAR).mean()) > _CROWDED else _find_ink(density)


def _read_page(image: Image.Image) -> Density:
    """Compute the density of ink on a photographed or scanned page, straightened and without rulings."""
    rgb = to_rgb(image, WORKING_SIDE)
    outline = find_sheet(rgb)
    return without_rulings(_compute_density(rgb if outline is None else straightened(rgb, outline)))


def is_plain(ink: NDArray[np.float32]) -> bool:
    """Return whether ink strengths (H,W) from to_ink() are of a drawing on a ground of one colour.

    They are not if the ground's colour varies, like light on paper. Also if large areas are darker or lighter, each
    unevenly, like shadows and sheets, or if lines are printed on it.
    """
    inked = (ink > FAINT).astype(np.uint8)
    around = cv2.dilate(inked, np.ones((9, 9), np.uint8))  # where strokes fade into the ground
    if float(((ink > _EVEN) & (around == 0)).mean()) > 0.03:
        return False
    thick = max(9, max(ink.shape) // 16)
    filled = cv2.erode(inked, np.ones((thick, thick), np.uint8)) > 0
    if filled.mean() > 0.02 and np.median(_local_deviation(ink)[filled]) > 0.3 / 255:
        return False
    return not (_crosses_rims(inked) or _crosses_rims(inked.T)) or not is_ruled(ink)


def _local_deviation(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the local standard deviation (H,W); it is 0 in areas that a program has filled."""
    mean, square = cv2.blur(ink, (9, 9)), cv2.blur(ink * ink, (9, 9))
    return np.sqrt(np.maximum(square - mean * mean, 0))


def _crosses_rims(inked: NDArray[np.uint8], fewest: int = 5) -> bool:
    """Return whether several lines cross the left rim and the right one, as only printed lines do."""
    at = inked.shape[1] // 50
    return all(int((np.diff(inked[:, column].astype(np.int8)) > 0).sum()) >= fewest for column in (at, -1 - at))


def _compute_density(page: Pixels) -> Density:
    """Compute the darkness of each place of a page (H,W,3) relative to the blank paper there.

    For chalk it is the lightness.
    """
    height, width = page.shape[:2]
    quarter = np.asarray(
        cv2.resize(page, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA), np.uint8
    )
    if _is_chalk(quarter):
        page, quarter = 255 - page, 255 - quarter
    thick = _line_width_limit(quarter)
    # padded with the rim, so that a shadow along an edge is not a line
    padded = np.pad(cv2.medianBlur(quarter, 3), [(thick, thick), (thick, thick), (0, 0)], "edge")
    paper = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (thick, thick)))
    paper = cv2.GaussianBlur(paper, (0, 0), thick / 8)[thick:-thick, thick:-thick]
    paper = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    seen = cv2.GaussianBlur(page, (0, 0), 0.8).astype(np.float32)
    dark = np.float32(5)  # of 255: below this there is only noise
    density = np.log((paper + dark) / (seen + dark)).max(axis=2)
    # in noise, the estimated paper is lighter than most of the real paper
    return np.asarray(density - cv2.blur(np.clip(density, -0.1, 0.1), 2 * [4 * thick]), np.float32)


def _is_chalk(page: Pixels) -> bool:
    """Return whether lines are lighter than their ground, the more common colour around them."""
    grey = cv2.cvtColor(page, cv2.COLOR_RGB2GRAY)
    against = grey.astype(np.float32) - cv2.medianBlur(grey, _line_width_limit(grey))
    # noise and texture go both ways
    return float((np.maximum(against, 0) ** 2).sum()) > 3 * float((np.minimum(against, 0) ** 2).sum())


def _line_width_limit(page: NDArray[np.generic]) -> int:
    """Return an odd number of px that no line on a page exceeds."""
    return int(max(5, round(max(page.shape) / 20)) | 1)


def _find_ink(density: Density) -> InkMask:
    """Find the ink 0/1 on a blank page, at most WORKING_SIDE long. Raises BlankSketchError."""
    fine = np.abs(density - cv2.GaussianBlur(density, (0, 0), 4))
    # shadows have more noise; strokes are capped, since they are much stronger than noise
    noise = cv2.blur(np.minimum(fine, 4 * np.median(fine)), 2 * [_line_width_limit(density)])
    faint = np.maximum(_FAINTEST, 5 * noise)
    present = density[density > faint]
    usual = float(np.percentile(present, 95)) if present.size else 0.0
    threshold = np.maximum(faint, _OF_USUAL * usual)
    strokes = _remove_edge_pieces(_select_connected(density > 0.6 * threshold, density > threshold))
    weight = np.maximum(density - 0.6 * threshold, 0)
    strokes = _remove_marks(_remove_marks(strokes, weight, _SPECK, 1 / 80), weight, _STRAY, 1 / 12)
    _, _, stats, _ = cv2.connectedComponentsWithStats(strokes.astype(np.uint8), connectivity=8)
    if stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(initial=0) < _STROKE * max(strokes.shape):
        raise BlankSketchError("sketch is blank: nothing is drawn on the paper, expected lines darker than it")
    return within_working_side(strokes.astype(np.float32))


def _select_connected(weak: NDArray[np.bool_], strong: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Select the pieces of the weak that contain a strong pixel."""
    _, pieces = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
    return _mark_pieces(pieces, np.unique(pieces[strong])) & weak


def _remove_edge_pieces(inked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Remove inked pixels along the page's edges that belong to something outside of the page."""
    _, pieces = cv2.connectedComponents(inked.astype(np.uint8), connectivity=8)
    return inked & ~(
        _mark_rim(inked, 1 / 40) & _mark_pieces(pieces, np.unique(pieces[inked & _mark_rim(inked, 1 / 100)]))
    )


def _mark_rim(page: NDArray[np.generic], share: float) -> NDArray[np.bool_]:
    """Mark the rim of a page, as wide as a share of its longer side."""
    broad = max(1, round(share * max(page.shape)))
    rim = np.ones(page.shape, bool)
    rim[broad:-broad, broad:-broad] = False
    return rim


def _remove_marks(inked: NDArray[np.bool_], weight: Density, share: float, reach: float) -> NDArray[np.bool_]:
    """Remove groups of inked pixels with less than a share of all weight.

    Groups are at least `reach` x the longer side apart.
    """
    size = round(reach * max(inked.shape))
    _, groups = cv2.connectedComponents(cv2.dilate(inked.astype(np.uint8), np.ones((size, size), np.uint8)))
    ink = np.bincount(groups[inked], weight[inked], minlength=1)
    return inked & _mark_pieces(groups, np.flatnonzero(ink > share * ink.sum()))


def _mark_pieces(pieces: NDArray[Any], which: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Mark the pixels of the given labelled pieces."""
    keep = np.zeros(int(pieces.max()) + 1, bool)
    keep[which] = True
    return np.asarray(keep[pieces])

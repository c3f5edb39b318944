"""A sketch on paper, photographed or scanned -> its ink alone. What is drawn on a plain ground is taken as it is.

The sheet is cut out and straightened, the light on it is divided out, lines printed on it are taken away, and what is
left is ink where it is dark enough, as a drawing and not as a stray mark.
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
from model.preprocessing.ruled_lines import Density, is_ruled, without_rulings
from model.preprocessing.sheet import find_sheet, straightened

_EVEN = 0.03  # contrast within which a plain ground is of one colour
_FAINTEST = 0.04  # density of the faintest ink
_OF_USUAL = 0.35  # of the usual ink's density: less is no ink
_STROKE = 0.02  # of the page's longer side: when nothing is longer, all of it is noise
_SPECK = 0.005  # of all ink: less than this, on its own, is a speck ...
_STRAY = 0.04  # ... or, far from all else, a stray mark


def sketch_mask(image: Image.Image) -> InkMask:
    """The ink of a sketch on any ground: 0 to 1, at most WORKING_SIDE long, straightened if it is a photo of a sheet.

    Raises BlankSketch.
    """
    ink = to_ink(image, WORKING_SIDE)
    if is_plain(ink):
        return ink_mask(ink)
    rgb = to_rgb(image, WORKING_SIDE)
    outline = find_sheet(rgb)
    page = rgb if outline is None else straightened(rgb, outline)
    return within_working_side(_drawn(without_rulings(_density(page))))


def is_plain(ink: NDArray[np.float32]) -> bool:
    """Whether ink strengths (H,W), as to_ink gives them, are of a ground of one colour with something drawn on it.

    They are not when the ground's colour varies, as light on paper does; when large areas are darker or lighter, each
    unevenly, as shadows and sheets are; or when lines are printed on it.
    """
    inked = (ink > FAINT).astype(np.uint8)
    around = cv2.dilate(inked, np.ones((9, 9), np.uint8))  # where strokes fade into the ground
    if float(((ink > _EVEN) & (around == 0)).mean()) > 0.03:
        return False
    thick = max(9, max(ink.shape) // 16)
    filled = cv2.erode(inked, np.ones((thick, thick), np.uint8)) > 0
    if filled.mean() > 0.02 and np.median(_roughness(ink)[filled]) > 0.3 / 255:
        return False
    return not (_crosses_rims(inked) or _crosses_rims(inked.T)) or not is_ruled(ink)


def _roughness(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """The standard deviation (H,W) around each place: 0 in areas that a computer has filled."""
    mean, square = cv2.blur(ink, (9, 9)), cv2.blur(ink * ink, (9, 9))
    return np.sqrt(np.maximum(square - mean * mean, 0))


def _crosses_rims(inked: NDArray[np.uint8], fewest: int = 5) -> bool:
    """Whether several lines run into the left rim and into the right one, as only printed ones do."""
    at = inked.shape[1] // 50
    return all(int((np.diff(inked[:, column].astype(np.int8)) > 0).sum()) >= fewest for column in (at, -1 - at))


def _density(page: Pixels) -> Density:
    """How much darker each place of a page (H,W,3) is than the blank paper there; lighter, if lines are of chalk."""
    height, width = page.shape[:2]
    quarter = np.asarray(
        cv2.resize(page, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA), np.uint8
    )
    if _is_chalk(quarter):
        page, quarter = 255 - page, 255 - quarter
    thick = _thickest(quarter)
    # beyond the picture its rim goes on, so that a shadow along an edge is no line
    padded = np.pad(cv2.medianBlur(quarter, 3), [(thick, thick), (thick, thick), (0, 0)], "edge")
    paper = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (thick, thick)))
    paper = cv2.GaussianBlur(paper, (0, 0), thick / 8)[thick:-thick, thick:-thick]
    paper = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    seen = cv2.GaussianBlur(page, (0, 0), 0.8).astype(np.float32)
    dark = np.float32(5)  # of 255: below this there is noise alone
    density = np.log((paper + dark) / (seen + dark)).max(axis=2)
    # where there is noise the lightest paper is lighter than most of it
    return np.asarray(density - cv2.blur(np.clip(density, -0.1, 0.1), 2 * [4 * thick]), np.float32)


def _is_chalk(page: Pixels) -> bool:
    """Whether lines are lighter than what they are drawn on, which is what there is more of around them."""
    grey = cv2.cvtColor(page, cv2.COLOR_RGB2GRAY)
    against = grey.astype(np.float32) - cv2.medianBlur(grey, _thickest(grey))
    # noise and texture go both ways
    return float((np.maximum(against, 0) ** 2).sum()) > 3 * float((np.minimum(against, 0) ** 2).sum())


def _thickest(page: NDArray[np.generic]) -> int:
    """px, odd: no line on a page is as thick as this."""
    return int(max(5, round(max(page.shape) / 20)) | 1)


def _drawn(density: Density) -> InkMask:
    """The ink 0/1 (H,W) on a blank page. Raises BlankSketch."""
    fine = np.abs(density - cv2.GaussianBlur(density, (0, 0), 4))
    # there is more noise in shadows; what is drawn is hardly noise, but much stronger
    noise = cv2.blur(np.minimum(fine, 4 * np.median(fine)), 2 * [_thickest(density)])
    faint = np.maximum(_FAINTEST, 5 * noise)
    present = density[density > faint]
    usual = float(np.percentile(present, 95)) if present.size else 0.0
    threshold = np.maximum(faint, _OF_USUAL * usual)
    strokes = _off_the_edges(_connected(density > 0.6 * threshold, density > threshold))
    weight = np.maximum(density - 0.6 * threshold, 0)
    strokes = _without_marks(_without_marks(strokes, weight, _SPECK, 1 / 80), weight, _STRAY, 1 / 12)
    _, _, stats, _ = cv2.connectedComponentsWithStats(strokes.astype(np.uint8), connectivity=8)
    if stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(initial=0) < _STROKE * max(strokes.shape):
        raise BlankSketchError("sketch is blank: nothing is drawn on the paper, expected lines darker than it")
    return strokes.astype(np.float32)


def _connected(weak: NDArray[np.bool_], strong: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Those pieces of the weak that have something strong."""
    _, pieces = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
    return _some(pieces, np.unique(pieces[strong])) & weak


def _off_the_edges(inked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Inked pixels, less those along the page's edges that belong to something that comes in from beyond them."""
    _, pieces = cv2.connectedComponents(inked.astype(np.uint8), connectivity=8)
    return inked & ~(_rim(inked, 1 / 40) & _some(pieces, np.unique(pieces[inked & _rim(inked, 1 / 100)])))


def _rim(page: NDArray[np.generic], share: float) -> NDArray[np.bool_]:
    """What lies along a page's edges, as broad as a share of its longer side."""
    broad = max(1, round(share * max(page.shape)))
    rim = np.ones(page.shape, bool)
    rim[broad:-broad, broad:-broad] = False
    return rim


def _without_marks(inked: NDArray[np.bool_], weight: Density, share: float, reach: float) -> NDArray[np.bool_]:
    """Inked pixels without groups that have less than a share of all weight; `reach` x the side keeps groups apart."""
    size = round(reach * max(inked.shape))
    _, groups = cv2.connectedComponents(cv2.dilate(inked.astype(np.uint8), np.ones((size, size), np.uint8)))
    ink = np.bincount(groups[inked], weight[inked], minlength=1)
    return inked & _some(groups, np.flatnonzero(ink > share * ink.sum()))


def _some(pieces: NDArray[Any], which: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Where some of labelled pieces are."""
    keep = np.zeros(int(pieces.max()) + 1, bool)
    keep[which] = True
    return np.asarray(keep[pieces])

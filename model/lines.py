"""Ink -> its box, found along the middles of its lines -> one-pixel lines in the frame's size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

FRAME = 256
BOX = 226
WORKING_SIDE = 1024  # px: larger sketches are reduced to this before their lines are traced
MIN_SKETCH = 8  # px: anything smaller is a slip of the finger, not a sketch
FAINT = 0.12  # contrast below this is paper, JPEG ringing or noise

Mask = NDArray[np.uint8]
"""(H,W) 0 or 255."""

InkMask = NDArray[np.float32]
"""(H,W) 0 to 1: how much of a pixel is inked."""


class BlankSketch(ValueError):
    """Nothing is drawn, or too little to tell what it is."""


class Fitted(NamedTuple):
    """The inked pixels (h,w) of a mask's box, `scale` times as large, and where in the mask the box is."""

    solid: Mask
    left: int
    top: int
    scale: float
    pen: float  # px of `solid`: how wide the usual line is


def ink_mask(ink: NDArray[np.float32]) -> InkMask:
    """Ink strengths (H,W) of what is drawn on a plain ground -> 0/1, at most WORKING_SIDE long. Raises BlankSketch."""
    present = ink[ink > FAINT]
    if not present.size:
        raise BlankSketch("sketch is blank: every pixel has the same colour, expected lines on a plain ground")
    threshold = max(FAINT, 0.35 * float(np.percentile(present, 95)))
    return within_working_side((ink > threshold).astype(np.float32))


def within_working_side(mask: InkMask) -> InkMask:
    """A mask, reduced if it is larger than the working side."""
    return resize_to(mask, WORKING_SIDE) if max(mask.shape) > WORKING_SIDE else mask


def trace(mask: InkMask) -> Mask:
    """A mask of lines of any width -> one-pixel lines (256,256), box centred. Raises BlankSketch."""
    return np.asarray(cv2.ximgproc.thinning(centred(fitted(mask).solid)), np.uint8)


def fitted(mask: InkMask, times: int = 1) -> Fitted:
    """A mask of lines of any width, its box as long as in a frame, or some times that. Raises BlankSketch."""
    top, bottom, left, right = box_of(mask, mask.shape)
    height, width = bottom - top, right - left
    if max(height, width) < MIN_SKETCH:
        raise BlankSketch(too_small(width, height))
    inked = (mask > 0).astype(np.uint8)
    depth = cv2.distanceTransform(inked, cv2.DIST_L2, 3)
    ridge = (inked > 0) & (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8)) - 1e-3)
    half = max(0.0, float(np.median(depth[ridge])) - 0.5)  # of the usual line: a filled part counts little
    # the box is measured along the lines' middles, so that a thicker pen draws the same frame
    scale = times * min(BOX / max(max(height, width) - 2 * half, 1.0), FRAME / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    shrinks = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    coverage = cv2.resize(mask[top:bottom, left:right], size, interpolation=shrinks)
    # a hairline in a huge picture covers little of any pixel: compare with what lines cover in this sketch
    solid = coverage > 0.4 * float(np.percentile(coverage[coverage > 0], 90))
    return Fitted(np.where(solid, 255, 0).astype(np.uint8), left, top, scale, (2 * half + 1) * scale)


def centred(lines: Mask) -> Mask:
    """Lines placed in the middle of an empty frame (256,256)."""
    canvas = np.zeros((FRAME, FRAME), np.uint8)
    height, width = lines.shape
    top, left = (FRAME - height) // 2, (FRAME - width) // 2
    canvas[top : top + height, left : left + width] = lines
    return canvas


def box_of(mask: NDArray[np.generic], shape: Sequence[int]) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) around a mask's non-zero pixels; the whole picture when there are none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return 0, shape[0], 0, shape[1]
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def resize_to(pixels: NDArray[Any], side: int) -> NDArray[Any]:
    """Pixels (H,W) or (H,W,C) resized so that the longer side is `side`."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def too_small(width: float, height: float) -> str:
    """What is wrong with lines of that extent."""
    return f"sketch is too small: {width:g}x{height:g} px of lines, expected at least {MIN_SKETCH} px one way"

"""Ink -> its box, found along the middles of its lines -> one-pixel lines in the frame's size."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from model.preprocessing.frames import BOX, FRAME, Mask, Placement, box_of, centred, resize_to

WORKING_SIDE = 1024  # px: larger sketches are reduced to this before their lines are traced
MIN_SKETCH = 8  # px: anything smaller is a slip of the finger, not a sketch
FAINT = 0.12  # contrast below this is paper, JPEG ringing or noise

InkMask = NDArray[np.float32]
"""(H,W) 0 to 1: how much of a pixel is inked."""


class BlankSketchError(ValueError):
    """Nothing is drawn, or too little to tell what it is."""


class Fitted(NamedTuple):
    """The inked pixels (h,w) of a mask's box, `scale` times as large, and which part of the mask the box is."""

    solid: Mask
    left: int
    top: int
    width: int
    height: int
    scale: float
    pen: float  # px of `solid`: how wide the usual line is


def ink_mask(ink: NDArray[np.float32]) -> InkMask:
    """Ink strengths (H,W) of what is drawn on a plain ground -> 0/1, at most WORKING_SIDE long. Raises BlankSketch."""
    present = ink[ink > FAINT]
    if not present.size:
        raise BlankSketchError("sketch is blank: every pixel has the same colour, expected lines on a plain ground")
    threshold = max(FAINT, 0.35 * float(np.percentile(present, 95)))
    return within_working_side((ink > threshold).astype(np.float32))


def within_working_side(mask: InkMask) -> InkMask:
    """A mask, reduced if it is larger than the working side."""
    return resize_to(mask, WORKING_SIDE) if max(mask.shape) > WORKING_SIDE else mask


def thin_lines(mask: InkMask) -> tuple[Mask, Placement]:
    """A mask of lines of any width -> one-pixel lines (256,256) 0/255, box centred, and where the frame lies on it.

    Raises BlankSketch.
    """
    box = fit_to_frame(mask)
    placement = Placement.around(box.left, box.top, box.width, box.height, box.solid.shape)
    return np.asarray(cv2.ximgproc.thinning(centred(box.solid)), np.uint8), placement


def fit_to_frame(mask: InkMask, times: int = 1) -> Fitted:
    """A mask of lines of any width, its box as long as in a frame, or some times that. Raises BlankSketch."""
    top, bottom, left, right = box_of(mask, mask.shape)
    height, width = bottom - top, right - left
    if max(height, width) < MIN_SKETCH:
        raise BlankSketchError(too_small(width, height))
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
    return Fitted(np.where(solid, 255, 0).astype(np.uint8), left, top, width, height, scale, (2 * half + 1) * scale)


def too_small(width: float, height: float) -> str:
    """What is wrong with lines of that extent."""
    return f"sketch is too small: {width:g}x{height:g} px of lines, expected at least {MIN_SKETCH} px one way"

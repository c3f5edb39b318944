"""Lines of a raster sketch, of any width and strength -> the same lines one pixel wide, in a frame."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from model.frames import BOX, FRAME, Mask, Placement, box_of, centred, resize_to

MIN_SKETCH = 8
"""px: anything smaller is a slip of the finger, not a sketch."""

WORKING_SIDE = 1024
"""px: larger sketches are reduced to this before their lines are traced."""

_FAINT = 0.12  # contrast below this is paper, JPEG ringing or noise


class BlankSketch(ValueError):
    """Nothing is drawn, or too little to tell what it is."""


def ink_mask(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Ink strengths (H,W) -> 0/1 float32 mask, reduced to the working side. Raises BlankSketch."""
    present = ink[ink > _FAINT]
    if not present.size:
        raise BlankSketch("sketch is blank: every pixel has the same colour, expected lines on a plain ground")
    threshold = max(_FAINT, 0.35 * float(np.percentile(present, 95)))
    mask = (ink > threshold).astype(np.float32)
    return resize_to(mask, WORKING_SIDE) if max(mask.shape) > WORKING_SIDE else mask


def trace(mask: NDArray[np.float32]) -> tuple[Mask, Placement]:
    """A 0..1 mask of lines of any width -> one-pixel lines (256,256) 0/255, box centred, and where they lie on it.

    Raises BlankSketch.
    """
    top, bottom, left, right = box_of(mask, mask.shape)
    height, width = bottom - top, right - left
    if max(height, width) < MIN_SKETCH:
        raise BlankSketch(too_small(width, height))
    inked = (mask > 0).astype(np.uint8)
    depth = cv2.distanceTransform(inked, cv2.DIST_L2, 3)
    ridge = (inked > 0) & (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8)) - 1e-3)
    half = max(0.0, float(np.median(depth[ridge])) - 0.5)  # of the usual line: a filled part counts little
    # the box is measured along the lines' middles, so that a thicker pen draws the same frame
    scale = min(BOX / max(max(height, width) - 2 * half, 1.0), FRAME / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    shrinks = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    coverage = cv2.resize(mask[top:bottom, left:right], size, interpolation=shrinks)
    # a hairline in a huge picture covers little of any pixel: compare with what lines cover in this sketch
    solid = coverage > 0.4 * float(np.percentile(coverage[coverage > 0], 90))
    lines = cv2.ximgproc.thinning(centred(np.where(solid, 255, 0).astype(np.uint8)))
    return np.asarray(lines, np.uint8), Placement.around(left, top, width, height, coverage.shape)


def too_small(width: float, height: float) -> str:
    """What is wrong with a sketch of that size."""
    return f"sketch is too small: {width:g}x{height:g} px of lines, expected at least {MIN_SKETCH} px one way"

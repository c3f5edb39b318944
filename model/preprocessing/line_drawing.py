"""Line drawing: ink -> its box, measured along the middles of its lines -> one-pixel lines of a frame."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from model.preprocessing.frames import BOX, FRAME, Mask, Placement, box_of, centred, resize_to

WORKING_SIDE = 1024  # px: larger sketches are reduced to this before tracing
MIN_SKETCH = 8  # px: smaller marks are accidental touches
FAINT = 0.12  # contrast below this is paper, JPEG ringing or noise

InkMask = NDArray[np.float32]
"""(H,W) 0 to 1: the inked share of a pixel."""

_NEIGHBOURS = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.float32)
"""Kernel that gives the inked ones of a pixel's eight neighbours as bits, clockwise from the one above."""


class BlankSketchError(ValueError):
    """Sketch without lines, or with too few to search for."""


class Fitted(NamedTuple):
    """Inked pixels (h,w) of a mask's box, `scale` times as large, and the box's place in the mask."""

    solid: Mask
    left: int
    top: int
    width: int
    height: int
    scale: float
    pen: float  # px of `solid`: width of the typical line


def ink_mask(ink: NDArray[np.float32]) -> InkMask:
    """Convert ink strengths (H,W) on a plain ground to 0/1, at most WORKING_SIDE long.

    Raises BlankSketchError.
    """
    present = ink[ink > FAINT]
    if not present.size:
        raise BlankSketchError("sketch is blank: every pixel has the same colour, expected lines on a plain background")
    threshold = max(FAINT, 0.35 * float(np.percentile(present, 95)))
    return within_working_side((ink > threshold).astype(np.float32))


def within_working_side(mask: InkMask) -> InkMask:
    """Reduce a mask if it is larger than the working side."""
    return resize_to(mask, WORKING_SIDE) if max(mask.shape) > WORKING_SIDE else mask


def thin_lines(mask: InkMask) -> tuple[Mask, Placement]:
    """Thin a mask of lines of any width to one-pixel lines (256,256) 0/255, and return the frame's place.

    The box of the lines is centred. Raises BlankSketchError.
    """
    box = fit_to_frame(mask)
    placement = Placement.around(box.left, box.top, box.width, box.height, box.solid.shape)
    return thin(centred(box.solid)), placement


def thin(mask: Mask) -> Mask:
    """Thin the lines of a mask (H,W) 0/255 to one pixel: Zhang and Suen, "A fast parallel algorithm for thinning".

    The result is that of cv2.ximgproc.thinning(), in less than half of its time. Pixels at the border stay.
    """
    image = cv2.threshold(mask, 127, 1, cv2.THRESH_BINARY)[1]
    before, left = -1, cv2.countNonZero(image)
    while left != before:
        for removes in _REMOVALS:
            removed = cv2.LUT(cv2.filter2D(image, -1, _NEIGHBOURS), removes)
            removed[0] = removed[-1] = 0
            removed[:, 0] = removed[:, -1] = 0
            image = cv2.subtract(image, removed)  # 0 stays 0
        before, left = left, cv2.countNonZero(image)
    return np.asarray(image * np.uint8(255), np.uint8)


def fit_to_frame(mask: InkMask, times: int = 1) -> Fitted:
    """Resize a mask's box to `times` the size that it has in a frame. Raises BlankSketchError."""
    top, bottom, left, right = box_of(mask, mask.shape)
    height, width = bottom - top, right - left
    if max(height, width) < MIN_SKETCH:
        raise BlankSketchError(too_small(width, height))
    inked = (mask > 0).astype(np.uint8)
    depth = cv2.distanceTransform(inked, cv2.DIST_L2, 3)
    ridge = (inked > 0) & (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8)) - 1e-3)
    half = max(0.0, float(np.median(depth[ridge])) - 0.5)  # half of the typical line's width: filled parts count little
    # the box is measured along the lines' middles, so that a thicker pen gives the same frame
    scale = times * min(BOX / max(max(height, width) - 2 * half, 1.0), FRAME / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    shrinks = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    coverage = cv2.resize(mask[top:bottom, left:right], size, interpolation=shrinks)
    # a hairline in a huge picture covers little of a pixel: compare with the coverage of this sketch's lines
    solid = coverage > 0.4 * float(np.percentile(coverage[coverage > 0], 90))
    return Fitted(np.where(solid, 255, 0).astype(np.uint8), left, top, width, height, scale, (2 * half + 1) * scale)


def too_small(width: float, height: float) -> str:
    """Format the error for lines of that extent."""
    return f"sketch is too small: {width:g}x{height:g} px of lines, expected at least {MIN_SKETCH} px in one direction"


def _list_removals() -> tuple[Mask, Mask]:
    """List whether a pixel of each neighbourhood (256,) is removed, 0/1: in a round's first half and in its second."""
    first, second = np.zeros((2, 256), np.uint8)
    for code in range(256):
        around = [code >> bit & 1 for bit in range(8)]
        above, right, below, left = around[::2]
        rises = sum(a < b for a, b in zip(around, around[1:] + around[:1], strict=True))
        if rises == 1 and 2 <= sum(around) <= 6:
            first[code] = not (right and below and (above or left))
            second[code] = not (above and left and (right or below))
    return first, second


_REMOVALS = _list_removals()

"""Edge styles: line drawings of a photo, by two detectors.

Training shows a photo in all styles; a gallery has its mean embedding in those that the checkpoint names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
from PIL import Image

from model.preprocessing.frames import Mask
from model.preprocessing.images import Pixels, to_rgb
from model.preprocessing.preprocess import Preprocess

_BLUR = 1.0  # px: sigma of the narrower Gaussian
_SURROUND = 9  # px: side of the wider Gaussian's window, whose sigma is then 1.7 px
_GROUND = 255
_CONTRAST = 3  # of 0..255: how much darker than its surround a line is


def contour_lines(rgb: Pixels) -> Mask:
    """Detect one-pixel lines (H,W) 0/255 where a channel of RGB (H,W,3) is darker than around it.

    This is a difference of Gaussians, as in XDoG: cv2.adaptiveThreshold compares a picture, blurred beforehand, with
    its Gaussian mean. A seam or a thin leg gives one line, as a person draws it, where a gradient has two edges. An
    outline lies on the darker side of its edge.
    """
    smooth = cv2.GaussianBlur(cv2.bilateralFilter(rgb, 7, 50, 7), (0, 0), _BLUR)
    method, kind = cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY_INV
    darker = [cv2.adaptiveThreshold(c, 255, method, kind, _SURROUND, _CONTRAST) for c in cv2.split(smooth)]
    # where colours meet, the channels have a line on either side; closing merges the two
    lines = cv2.morphologyEx(np.max(darker, axis=0), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.ximgproc.thinning(lines), np.uint8)


def _draw_contours(photo: Image.Image, preprocess: Preprocess) -> Pixels:
    """Draw the frame of the photo's contour_lines() on a light ground.

    On a dark ground, an outline would lie outside of the object's box and be lost.
    """
    rgb = to_rgb(photo)
    rim = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    dark = np.median(rim, axis=0) < rgb.mean((0, 1))  # (3,): channels in which the ground is darker than the rest
    return preprocess.photo(Image.fromarray(np.where(dark, 255 - rgb, rgb)), contour_lines)


def _draw_canny(low: int, high: int, photo: Image.Image, preprocess: Preprocess) -> Pixels:
    """Draw the photo's frame with other Canny thresholds."""
    return Preprocess(replace(preprocess.config, canny_low=low, canny_high=high)).photo(photo)


EdgeStyle = Callable[[Image.Image, Preprocess], Pixels]
"""Function from a photo to its frame (256,256), which is blank when no lines are found."""

EDGE_STYLES: dict[str, EdgeStyle] = {
    "served": lambda photo, preprocess: preprocess.photo(photo),  # first: the server's own edge map
    "sparse": partial(_draw_canny, 80, 200),
    "dense": partial(_draw_canny, 25, 60),
    "contours": _draw_contours,
}


def photo_frames(photo: Image.Image, preprocess: Preprocess) -> Pixels:
    """Draw a photo's frames (K,256,256) in the styles of the checkpoint, without frames that have no lines.

    One frame is left in any case, blank when no style finds a line.
    """
    frames = [EDGE_STYLES[name](photo, preprocess) for name in preprocess.config.styles]
    drawn = [frame for frame in frames if frame.min() < _GROUND]
    return np.stack(drawn or frames[:1])


def check_styles(names: Sequence[str]) -> None:
    """Raise ValueError unless there are styles, all of them known."""
    unknown = [name for name in names if name not in EDGE_STYLES]
    if unknown or not names:
        raise ValueError(f"edge styles are {list(names)}: expected at least one of {', '.join(EDGE_STYLES)}")

"""Edge styles: line drawings of a photo, by two detectors.

Training shows a photo in all styles; a gallery has its mean embedding in those that the checkpoint names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
from PIL import Image

from model.preprocessing.frames import Mask
from model.preprocessing.images import Pixels, to_rgb
from model.preprocessing.line_drawing import thin
from model.preprocessing.preprocess import Preprocess
from model.preprocessing.smoothed_photo import SmoothedPhoto

_BLUR = 1.0  # px: sigma of the narrower Gaussian
_SURROUND = 9  # px: side of the wider Gaussian's window, whose sigma is then 1.7 px
_GROUND = 255
_CONTRAST = 3  # of 0..255: how much darker than its surround a line is


def contour_lines(smooth: Pixels) -> Mask:
    """Detect one-pixel lines (H,W) 0/255 where a channel of smoothed RGB (H,W,3) is darker than around it.

    This is a difference of Gaussians, as in XDoG: cv2.adaptiveThreshold compares a picture, blurred beforehand, with
    its Gaussian mean. A seam or a thin leg gives one line, as a person draws it, where a gradient has two edges. An
    outline lies on the darker side of its edge.
    """
    blurred = cv2.GaussianBlur(smooth, (0, 0), _BLUR)
    method, kind = cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY_INV
    darker = [cv2.adaptiveThreshold(c, 255, method, kind, _SURROUND, _CONTRAST) for c in cv2.split(blurred)]
    # where colours meet, the channels have a line on either side; closing merges the two
    lines = cv2.morphologyEx(np.max(darker, axis=0), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return thin(np.asarray(lines, np.uint8))


def _draw_contours(photo: SmoothedPhoto, preprocess: Preprocess) -> Pixels:
    """Draw the frame of the photo's contour_lines() on a light ground.

    On a dark ground, an outline would lie outside of the object's box and be lost.
    """
    return preprocess.draw_photo(photo.on_light_ground(), contour_lines)


def _draw_canny(low: int, high: int, photo: SmoothedPhoto, preprocess: Preprocess) -> Pixels:
    """Draw the photo's frame with other Canny thresholds."""
    return Preprocess(replace(preprocess.config, canny_low=low, canny_high=high)).draw_photo(photo)


EdgeStyle = Callable[[SmoothedPhoto, Preprocess], Pixels]
"""Function from a photo to its frame (256,256), which is blank when no lines are found."""

EDGE_STYLES: dict[str, EdgeStyle] = {
    "served": lambda photo, preprocess: preprocess.draw_photo(photo),  # first: the server's own edge map
    "sparse": partial(_draw_canny, 80, 200),
    "dense": partial(_draw_canny, 25, 60),
    "contours": _draw_contours,
}


def draw_styles(photo: Image.Image, preprocess: Preprocess, styles: Iterable[str] = EDGE_STYLES) -> list[Pixels]:
    """Draw a photo's frame (256,256) in each of these styles, which share what they smooth."""
    smoothed = SmoothedPhoto(to_rgb(photo))
    return [EDGE_STYLES[name](smoothed, preprocess) for name in styles]


def photo_frames(photo: Image.Image, preprocess: Preprocess) -> Pixels:
    """Draw a photo's frames (K,256,256) in the styles of the checkpoint, without frames that have no lines.

    One frame is left in any case, blank when no style finds a line.
    """
    frames = draw_styles(photo, preprocess, preprocess.config.styles)
    drawn = [frame for frame in frames if frame.min() < _GROUND]
    return np.stack(drawn or frames[:1])


def check_styles(names: Sequence[str]) -> None:
    """Raise ValueError unless there are styles, all of them known."""
    unknown = [name for name in names if name not in EDGE_STYLES]
    if unknown or not names:
        raise ValueError(f"edge styles are {list(names)}: expected at least one of {', '.join(EDGE_STYLES)}")

"""Tracing of a picture to strokes: along the middles of its lines, straight through crossings, with few points."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.preprocessing.frames import FRAME, Mask, PlacedFrame, Placement
from model.preprocessing.images import ImageTooCostlyError
from model.preprocessing.line_drawing import Fitted, InkMask, fit_to_frame, thin
from model.preprocessing.object_cutout import PhotoObject
from model.preprocessing.paper.ink import sketch_mask
from model.preprocessing.picture_kind import Kind, find_sketch
from model.preprocessing.preprocess import Preprocess
from model.preprocessing.regions import Region
from model.preprocessing.skeleton_paths import Path, paths

_FINE = 0.3  # px of a frame: the same for a photo's edges
_TIMES = 3  # of a frame's size: lines are traced in a picture of 768 px
_MOST_LINES = 60_000  # px of lines in that picture, about 90 across it: more are not a drawing, and take seconds
_DETAIL = 0.6  # px of that picture: largest distance of a stroke from the line


class TooManyLinesError(ImageTooCostlyError):
    """Picture with too many lines to trace in reasonable time."""


Strokes = list[list[list[float]]]
"""[[[x, y], ...], ...], y down."""


@dataclass(frozen=True)
class Tracing:
    """Strokes in pixels of a picture of that width and height.

    `object` is what was traced of a photo, None for a sketch.
    """

    width: int
    height: int
    strokes: Strokes
    object: PhotoObject | None = None

    @property
    def kind(self) -> Kind:
        """Kind of the picture."""
        return "photo" if self.object else "sketch"


def trace_strokes(image: Image.Image) -> Tracing:
    """Trace a raster sketch on any ground, in the pixels of its mask.

    The mask is straightened, and at most WORKING_SIDE long. Drawn as a sketch the strokes give nearly the frame of the
    picture. Raises BlankSketchError, TooManyLinesError.
    """
    return _trace_ink(sketch_mask(image))


def trace_picture(image: Image.Image, preprocess: Preprocess, crop: Region | None = None) -> Tracing:
    """Trace an upright raster sketch like trace_strokes(), or the edges of the object in a photo.

    With a crop, the picture is taken for a photo. The strokes give the same search results as the picture. Raises
    BlankSketchError, and TooManyLinesError for a sketch.
    """
    mask = None if crop else find_sketch(image)
    return _trace_object(image, crop, preprocess) if mask is None else _trace_ink(mask)


def trace_frame(placed: PlacedFrame) -> Strokes:
    """Trace the lines of a frame (256,256), in the unit of the picture that it was made from."""
    ink = np.where(placed.frame < 128, np.uint8(255), np.uint8(0))
    return _place_paths(thin(ink), placed.placement)


def _trace_ink(mask: InkMask) -> Tracing:
    """Trace the lines of a mask."""
    box = fit_to_frame(mask, _TIMES)
    margin = 2  # so that lines do not touch the rim
    lines = thin(np.pad(box.solid, margin))
    _check_amount(lines)
    strokes = [
        [
            [_mask_coordinate(box.left, x - margin, box), _mask_coordinate(box.top, y - margin, box)]
            for x, y in _simplify(path)
        ]
        for path in paths(lines, box.pen)
    ]
    return Tracing(mask.shape[1], mask.shape[0], strokes)


def _check_amount(lines: Mask) -> None:
    """Raise TooManyLinesError before the slow part, whose time grows with the length of all lines."""
    length = cv2.countNonZero(lines)
    if length > _MOST_LINES:
        size = f"{_TIMES * FRAME} px"
        message = f"sketch has too many lines to trace: {length:,} px at the size for tracing ({size})"
        raise TooManyLinesError(f"{message}: expected at most {_MOST_LINES:,} px; send a picture with fewer lines")


def _trace_object(image: Image.Image, crop: Region | None, preprocess: Preprocess) -> Tracing:
    """Trace the edges of the object in a photo, in the photo's pixels."""
    lines, place, item = preprocess.object_lines(image, crop)
    return Tracing(image.width, image.height, _place_paths(lines, place), item)


def _place_paths(lines: Mask, place: Placement) -> Strokes:
    """Trace one-pixel lines of a frame (256,256), as strokes at their place on the picture."""
    across, down = place.width / FRAME, place.height / FRAME
    return [
        [
            [round(place.left + (float(x) + 0.5) * across, 2), round(place.top + (float(y) + 0.5) * down, 2)]
            for x, y in _simplify(path, _FINE)
        ]
        for path in paths(lines, 1)
    ]


def _mask_coordinate(start: int, at: float, box: Fitted) -> float:
    """Convert a coordinate from the fitted box to the mask."""
    return round(start + (float(at) + 0.5) / box.scale - 0.5, 2)


def _simplify(path: Path, detail: float = _DETAIL) -> NDArray[np.float32]:
    """Smooth a path (n,2) and keep the points that describe it within `detail` px."""
    smooth = path.astype(np.float32)
    for _ in range(2 if len(path) > 4 else 0):
        smooth[1:-1] = (smooth[:-2] + 2 * smooth[1:-1] + smooth[2:]) / 4
    return np.asarray(cv2.approxPolyDP(smooth, detail, closed=False).reshape(-1, 2), np.float32)

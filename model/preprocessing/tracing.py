"""A picture -> strokes: along the middles of its lines, straight through crossings, with few points."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.preprocessing.frames import FRAME, Mask
from model.preprocessing.images import ImageTooCostlyError
from model.preprocessing.line_drawing import Fitted, InkMask, fit_to_frame
from model.preprocessing.paper import sketch_mask
from model.preprocessing.picture_kind import Kind, kind_of
from model.preprocessing.preprocess import Preprocess
from model.preprocessing.skeleton_paths import Path, paths

_FINE = 0.3  # px of a frame: the same where a photo's edges are traced
_TIMES = 3  # a frame: lines are traced in a picture of 768 px
_MOST_LINES = 60_000  # px of lines in that picture, some ninety across it: more are no drawing, and take seconds
_DETAIL = 0.6  # px of that picture: how far a stroke may be from the line


class TooManyLinesError(ImageTooCostlyError):
    """A picture has more lines than strokes can be made of in reasonable time."""


@dataclass(frozen=True)
class Tracing:
    """Strokes [[[x, y], ...], ...], y down, in the pixels of a picture of that width and height; what that is of."""

    width: int
    height: int
    strokes: list[list[list[float]]]
    kind: Kind = "sketch"


def trace_strokes(image: Image.Image) -> Tracing:
    """The strokes of a raster sketch on any ground, in the pixels of its mask: straightened, at most WORKING_SIDE long.

    Drawn as a sketch they give nearly the frame that the picture gives. Raises BlankSketch, TooManyLinesError.
    """
    return _along_ink(sketch_mask(image))


def trace_picture(image: Image.Image, preprocess: Preprocess) -> Tracing:
    """The strokes of an upright raster sketch, as traced() gives them, or the edges of a product's photo.

    Either way they find what the picture finds. Raises BlankSketch, and TooManyLinesError for a sketch.
    """
    mask = sketch_mask(image)
    return _along_ink(mask) if kind_of(mask) == "sketch" else _along_edges(image, preprocess)


def _along_ink(mask: InkMask) -> Tracing:
    box = fit_to_frame(mask, _TIMES)
    margin = 2  # so that no line touches the rim
    lines = np.asarray(cv2.ximgproc.thinning(np.pad(box.solid, margin)), np.uint8)
    _check_amount(lines)
    strokes = [
        [[_rounded(box.left, x - margin, box), _rounded(box.top, y - margin, box)] for x, y in _simplified(path)]
        for path in paths(lines, box.pen)
    ]
    return Tracing(mask.shape[1], mask.shape[0], strokes)


def _check_amount(lines: Mask) -> None:
    """Raise TooManyLinesError before the costly part, whose time grows with the length of all lines."""
    length = cv2.countNonZero(lines)
    if length > _MOST_LINES:
        size = f"{_TIMES * FRAME} px"
        message = f"sketch has too many lines to trace: {length:,} px of them, as large as it is traced ({size})"
        raise TooManyLinesError(f"{message}: expected at most {_MOST_LINES:,} px; send a picture with fewer lines")


def _along_edges(image: Image.Image, preprocess: Preprocess) -> Tracing:
    """The edges that stand for a photo, in its pixels."""
    lines, place = preprocess.photo_lines(image)
    across, down = place.width / FRAME, place.height / FRAME
    strokes = [
        [
            [round(place.left + (float(x) + 0.5) * across, 2), round(place.top + (float(y) + 0.5) * down, 2)]
            for x, y in _simplified(path, _FINE)
        ]
        for path in paths(lines, 1)
    ]
    return Tracing(image.width, image.height, strokes, "photo")


def _rounded(start: int, at: float, box: Fitted) -> float:
    """Where in the mask a place of its box is."""
    return round(start + (float(at) + 0.5) / box.scale - 0.5, 2)


def _simplified(path: Path, detail: float = _DETAIL) -> NDArray[np.float32]:
    """A path (n,2) without the steps of its pixels, in as few points as show its course within `detail` px."""
    smooth = path.astype(np.float32)
    for _ in range(2 if len(path) > 4 else 0):
        smooth[1:-1] = (smooth[:-2] + 2 * smooth[1:-1] + smooth[2:]) / 4
    return np.asarray(cv2.approxPolyDP(smooth, detail, False).reshape(-1, 2), np.float32)

"""A picture of a sketch -> strokes: along the middles of its lines, straight through crossings, with few points."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.lines import Fitted, fitted
from model.paper import sketch_mask
from model.skeleton import Path, paths

_TIMES = 3  # a frame: lines are traced in a picture of 768 px
_DETAIL = 0.6  # px of that picture: how far a stroke may be from the line


@dataclass(frozen=True)
class Tracing:
    """Strokes [[[x, y], ...], ...], y down, in the pixels of a picture of that width and height."""

    width: int
    height: int
    strokes: list[list[list[float]]]


def traced(image: Image.Image) -> Tracing:
    """The strokes of a raster sketch on any ground, in the pixels of its straightened and cleaned picture.

    Drawn as a sketch they give nearly the frame that the picture gives. Raises BlankSketch.
    """
    mask = sketch_mask(image)
    box = fitted(mask, _TIMES)
    margin = 2  # so that no line touches the rim
    lines = cv2.ximgproc.thinning(np.pad(box.solid, margin))
    strokes = [
        [[_rounded(box.left, x - margin, box), _rounded(box.top, y - margin, box)] for x, y in _simplified(path)]
        for path in paths(np.asarray(lines, np.uint8), box.pen)
    ]
    return Tracing(mask.shape[1], mask.shape[0], strokes)


def _rounded(start: int, at: float, box: Fitted) -> float:
    """Where in the mask a place of its box is."""
    return round(start + (float(at) + 0.5) / box.scale - 0.5, 2)


def _simplified(path: Path) -> NDArray[np.float32]:
    """A path (n,2) without the steps of its pixels, in as few points as show its course."""
    smooth = path.astype(np.float32)
    for _ in range(2 if len(path) > 4 else 0):
        smooth[1:-1] = (smooth[:-2] + 2 * smooth[1:-1] + smooth[2:]) / 4
    return np.asarray(cv2.approxPolyDP(smooth, _DETAIL, False).reshape(-1, 2), np.float32)

"""Geometry of frames: the place of a picture's box in a frame, and of a frame on its picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from model.preprocessing.images import Pixels

if TYPE_CHECKING:
    pass

Strokes = Sequence[Sequence[Sequence[float]]]

FRAME = 256
BOX = 226

Mask = NDArray[np.uint8]


@dataclass(frozen=True)
class Placement:
    """Place of a frame on its picture: the frame's edges in the picture's pixels, possibly outside of it."""

    left: float
    top: float
    width: float
    height: float

    @staticmethod
    def around(left: float, top: float, width: float, height: float, shape: Sequence[int]) -> Placement:
        """Return the place of a frame whose middle holds a part of the picture, resized to `shape` (H,W)."""
        across, down = width / shape[1], height / shape[0]  # px of the picture in one of the frame
        above, before = _margins(shape)
        return Placement(left - before * across, top - above * down, FRAME * across, FRAME * down)

    def moved(self, right: float, down: float) -> Placement:
        """Return the place on a picture of which this picture is a part that begins at these pixels."""
        return Placement(self.left + right, self.top + down, self.width, self.height)

    def scaled(self, across: float, down: float) -> Placement:
        """Return the place on a picture that is larger by these factors."""
        return Placement(self.left * across, self.top * down, self.width * across, self.height * down)


class PlacedFrame(NamedTuple):
    """A frame (256,256) and its place on the picture that it was made from."""

    frame: Pixels
    placement: Placement


def mirror_image(frame: Pixels) -> Pixels:
    """Exchange left and right of a frame (H,W)."""
    return np.ascontiguousarray(frame[:, ::-1])


def centred(lines: Mask) -> Mask:
    """Place lines in the middle of an empty frame (256,256)."""
    canvas = np.zeros((FRAME, FRAME), np.uint8)
    height, width = lines.shape
    top, left = _margins(lines.shape)
    canvas[top : top + height, left : left + width] = lines
    return canvas


def box_of(mask: NDArray[np.generic], shape: Sequence[int]) -> tuple[int, int, int, int]:
    """Return (top, bottom, left, right) around a mask's non-zero pixels, or the whole picture if there are none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return 0, shape[0], 0, shape[1]
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def resize_to(pixels: NDArray[Any], side: int) -> NDArray[Any]:
    """Resize pixels (H,W) or (H,W,C) so that the longer side is `side`."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _margins(shape: Sequence[int]) -> tuple[int, int]:
    """Return the rows above, and the columns left of, a shape in the middle of a frame."""
    return (FRAME - shape[0]) // 2, (FRAME - shape[1]) // 2

"""Any sketch or photo -> the one normalised frame that the network sees. Training, building and serving all call this.

A frame is a (256,256) uint8 image: the object's box centred, its longer side 226 px, every line drawn in one
normal width, black on white. It is the format in which QMUL published the paper's sketches and edge maps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from model.images import MAX_PIXELS, ImageTooLarge, Pixels, UnreadableImage, decode_image, to_ink, to_rgb

__all__ = [
    "FRAME",
    "MAX_PIXELS",
    "BlankSketch",
    "ImageTooLarge",
    "Pixels",
    "Preprocess",
    "PreprocessConfig",
    "Strokes",
    "UnreadableImage",
    "decode_image",
]

FRAME = 256
BOX = 226
_MIN_SKETCH = 8  # px: anything smaller is a slip of the finger, not a sketch
_WORKING_SIDE = 1024  # px: larger sketches are reduced to this before their lines are traced

Strokes = Sequence[Sequence[Sequence[float]]]
Mask = NDArray[np.uint8]
LineDetector = Callable[[Pixels], Mask]  # RGB (H,W,3) -> one-pixel lines (H,W) 0/255


class BlankSketch(ValueError):
    """Nothing is drawn, or too little to tell what it is."""


@dataclass(frozen=True)
class PreprocessConfig:
    """What a checkpoint must remember about its input."""

    size: int = 225  # px: side of the network's input, to which frames are resized
    line_width: int = 2  # px in the frame: the one normal stroke width
    canny_low: int = 40  # gradient thresholds of cv2.Canny on 0..255 channels
    canny_high: int = 100
    min_edge: int = 12  # px: shorter connected edges of a photo are texture or noise and are dropped


class Preprocess:
    """Sketches, strokes, photos and edge maps -> frames -> tensors, as one PreprocessConfig says."""

    def __init__(self, config: PreprocessConfig = PreprocessConfig()) -> None:
        self.config = config

    def sketch(self, image: Image.Image) -> Pixels:
        """Frame of a raster sketch of any size, mode, ground and stroke width. Raises BlankSketch."""
        return self._draw(_trace(_ink_mask(to_ink(image, _WORKING_SIDE))))

    def strokes(self, strokes: Strokes) -> Pixels:
        """Frame of a sketch given as strokes [[[x, y, pressure?], ...], ...], y down, in any unit. Raises BlankSketch.

        Lines are drawn one pixel wide in the frame itself, so they need no tracing; all else is as for rasters.
        """
        paths = [np.asarray([point[:2] for point in stroke], np.float64) for stroke in strokes if len(stroke)]
        if not paths:
            raise BlankSketch("sketch is blank: got no strokes, expected at least one")
        points = np.concatenate(paths)
        low, extent = points.min(axis=0), np.ptp(points, axis=0)
        if extent.max() < _MIN_SKETCH:
            raise BlankSketch(_too_small(extent[0], extent[1]))
        scale = (BOX - 1) / extent.max()
        offset = (FRAME - 1 - extent * scale) / 2
        canvas = np.zeros((FRAME, FRAME), np.uint8)
        for path in paths:
            fixed = np.rint(((path - low) * scale + offset) * 16).astype(np.int32)  # 1/16 px fixed point
            cv2.polylines(canvas, [fixed.reshape(-1, 1, 2)], False, 255, 1, cv2.LINE_8, 4)
        return self._draw(canvas)

    def photo(self, image: Image.Image, detect: LineDetector | None = None) -> Pixels:
        """Edge map, as a frame, of a product photo of any size and mode; blank when the photo has no edges.

        `detect` draws the lines instead of Canny, in the box that Canny's lines have all the same.
        """
        rgb = to_rgb(image)
        coarse = _resize_to(rgb, FRAME)
        top, bottom, left, right = _box_of(self._edges(coarse, self._canny), coarse.shape)
        ratio = np.array(rgb.shape[:2]) / np.array(coarse.shape[:2])
        rows = slice(int(top * ratio[0]), max(int(np.ceil(bottom * ratio[0])), 1))
        columns = slice(int(left * ratio[1]), max(int(np.ceil(right * ratio[1])), 1))
        return self._draw(_centred(self._edges(_resize_to(rgb[rows, columns], BOX), detect or self._canny)))

    def edge_map(self, image: Image.Image) -> Pixels:
        """Frame of an edge map that was made elsewhere, such as the published ones, which carry a grey rim."""
        ink = to_ink(image, _WORKING_SIDE)
        rim = max(2, min(ink.shape) // 100)
        inner = np.zeros_like(ink)
        inner[rim:-rim, rim:-rim] = ink[rim:-rim, rim:-rim]
        return self._draw(_trace(_ink_mask(inner)))

    def tensor(self, frames: Sequence[Pixels]) -> Tensor:
        """Frames -> (B,1,size,size) float32, ink 1 on ground 0."""
        size = self.config.size
        batch = np.stack([cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA) for frame in frames])
        return 1 - torch.from_numpy(batch).unsqueeze(1).float() / 255

    def _edges(self, rgb: Pixels, detect: LineDetector) -> Mask:
        """Edges (H,W) 0/255 of RGB pixels, short pieces dropped."""
        margin = 4  # the picture's own border must not become an edge, nor hide one
        padded = np.asarray(cv2.copyMakeBorder(rgb, margin, margin, margin, margin, cv2.BORDER_REPLICATE), np.uint8)
        edges = np.ascontiguousarray(detect(padded)[margin:-margin, margin:-margin])
        _, labels, stats, _ = cv2.connectedComponentsWithStats(edges, connectivity=8)
        keep = stats[:, cv2.CC_STAT_AREA] >= self.config.min_edge
        keep[0] = False  # the ground
        return np.where(keep[labels], 255, 0).astype(np.uint8)

    def _canny(self, rgb: Pixels) -> Mask:
        """A LineDetector: bilateral filter, then Canny on each channel."""
        smooth = cv2.bilateralFilter(rgb, 7, 50, 7)
        low, high = self.config.canny_low, self.config.canny_high
        return np.asarray(np.max([cv2.Canny(c, low, high) for c in cv2.split(smooth)], axis=0), np.uint8)

    def _draw(self, lines: Mask) -> Pixels:
        """One-pixel lines (256,256) 0/255 -> the frame, with every line in the normal width."""
        pen = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (self.config.line_width, self.config.line_width))
        return np.asarray(255 - cv2.dilate(lines, pen), np.uint8)


def _ink_mask(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Ink strengths (H,W) -> 0/1 float32 mask, reduced to the working side. Raises BlankSketch."""
    present = ink[ink > _FAINT]
    if not present.size:
        raise BlankSketch("sketch is blank: every pixel has the same colour, expected lines on a plain ground")
    threshold = max(_FAINT, 0.35 * float(np.percentile(present, 95)))
    mask = (ink > threshold).astype(np.float32)
    return _resize_to(mask, _WORKING_SIDE) if max(mask.shape) > _WORKING_SIDE else mask


_FAINT = 0.12  # contrast below this is paper, JPEG ringing or noise


def _trace(mask: NDArray[np.float32]) -> Mask:
    """A 0..1 mask of lines of any width -> one-pixel lines (256,256) 0/255, box centred. Raises BlankSketch."""
    top, bottom, left, right = _box_of(mask, mask.shape)
    height, width = bottom - top, right - left
    if max(height, width) < _MIN_SKETCH:
        raise BlankSketch(_too_small(width, height))
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
    return np.asarray(cv2.ximgproc.thinning(_centred(np.where(solid, 255, 0).astype(np.uint8))), np.uint8)


def _centred(lines: Mask) -> Mask:
    """Lines placed in the middle of an empty frame (256,256)."""
    canvas = np.zeros((FRAME, FRAME), np.uint8)
    height, width = lines.shape
    top, left = (FRAME - height) // 2, (FRAME - width) // 2
    canvas[top : top + height, left : left + width] = lines
    return canvas


def _box_of(mask: NDArray[np.generic], shape: Sequence[int]) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) around a mask's non-zero pixels; the whole picture when there are none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return 0, shape[0], 0, shape[1]
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _resize_to(pixels: NDArray[Any], side: int) -> NDArray[Any]:
    """Pixels (H,W) or (H,W,C) resized so that the longer side is `side`."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _too_small(width: float, height: float) -> str:
    return f"sketch is too small: {width:g}x{height:g} px of lines, expected at least {_MIN_SKETCH} px one way"

"""Any sketch or photo -> the one normalised frame that the network sees. Training, building and serving all call this.

A frame is a (256,256) uint8 image: the object's box centred, its longer side 226 px, every line drawn in one
normal width, black on white. It is the format in which QMUL published the paper's sketches and edge maps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from model.images import MAX_PIXELS, ImageTooLarge, Pixels, UnreadableImage, decode_image, to_ink, to_rgb
from model.lines import (
    BOX,
    FRAME,
    MIN_SKETCH,
    WORKING_SIDE,
    BlankSketch,
    Mask,
    box_of,
    centred,
    ink_mask,
    resize_to,
    too_small,
    trace,
)
from model.paper import sketch_mask

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

Strokes = Sequence[Sequence[Sequence[float]]]


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
        """Frame of a raster sketch of any size, mode, ground and stroke width, or of a photo of one on paper.

        Raises BlankSketch.
        """
        return self._draw(trace(sketch_mask(image)))

    def strokes(self, strokes: Strokes) -> Pixels:
        """Frame of a sketch given as strokes [[[x, y, pressure?], ...], ...], y down, in any unit. Raises BlankSketch.

        Lines are drawn one pixel wide in the frame itself, so they need no tracing; all else is as for rasters.
        """
        paths = [np.asarray([point[:2] for point in stroke], np.float64) for stroke in strokes if len(stroke)]
        if not paths:
            raise BlankSketch("sketch is blank: got no strokes, expected at least one")
        points = np.concatenate(paths)
        low, extent = points.min(axis=0), np.ptp(points, axis=0)
        if extent.max() < MIN_SKETCH:
            raise BlankSketch(too_small(extent[0], extent[1]))
        scale = (BOX - 1) / extent.max()
        offset = (FRAME - 1 - extent * scale) / 2
        canvas = np.zeros((FRAME, FRAME), np.uint8)
        for path in paths:
            fixed = np.rint(((path - low) * scale + offset) * 16).astype(np.int32)  # 1/16 px fixed point
            cv2.polylines(canvas, [fixed.reshape(-1, 1, 2)], False, 255, 1, cv2.LINE_8, 4)
        return self._draw(canvas)

    def photo(self, image: Image.Image) -> Pixels:
        """Edge map, as a frame, of a product photo of any size and mode; blank when the photo has no edges."""
        rgb = to_rgb(image)
        coarse = resize_to(rgb, FRAME)
        top, bottom, left, right = box_of(self._edges(coarse), coarse.shape)
        ratio = np.array(rgb.shape[:2]) / np.array(coarse.shape[:2])
        rows = slice(int(top * ratio[0]), max(int(np.ceil(bottom * ratio[0])), 1))
        columns = slice(int(left * ratio[1]), max(int(np.ceil(right * ratio[1])), 1))
        return self._draw(centred(self._edges(resize_to(rgb[rows, columns], BOX))))

    def edge_map(self, image: Image.Image) -> Pixels:
        """Frame of an edge map that was made elsewhere, such as the published ones, which carry a grey rim."""
        ink = to_ink(image, WORKING_SIDE)
        rim = max(2, min(ink.shape) // 100)
        inner = np.zeros_like(ink)
        inner[rim:-rim, rim:-rim] = ink[rim:-rim, rim:-rim]
        return self._draw(trace(ink_mask(inner)))

    def tensor(self, frames: Sequence[Pixels]) -> Tensor:
        """Frames -> (B,1,size,size) float32, ink 1 on ground 0."""
        size = self.config.size
        batch = np.stack([cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA) for frame in frames])
        return 1 - torch.from_numpy(batch).unsqueeze(1).float() / 255

    def _edges(self, rgb: Pixels) -> Mask:
        """Edges (H,W) 0/255 of RGB pixels: bilateral filter, Canny on each channel, short pieces dropped."""
        margin = 4  # the picture's own border must not become an edge, nor hide one
        padded = cv2.copyMakeBorder(rgb, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
        smooth = cv2.bilateralFilter(padded, 7, 50, 7)
        low, high = self.config.canny_low, self.config.canny_high
        edges = np.max([cv2.Canny(channel, low, high) for channel in cv2.split(smooth)], axis=0)
        edges = np.ascontiguousarray(edges[margin:-margin, margin:-margin])
        _, labels, stats, _ = cv2.connectedComponentsWithStats(edges, connectivity=8)
        keep = stats[:, cv2.CC_STAT_AREA] >= self.config.min_edge
        keep[0] = False  # the ground
        return np.where(keep[labels], 255, 0).astype(np.uint8)

    def _draw(self, lines: Mask) -> Pixels:
        """One-pixel lines (256,256) 0/255 -> the frame, with every line in the normal width."""
        pen = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (self.config.line_width, self.config.line_width))
        return np.asarray(255 - cv2.dilate(lines, pen), np.uint8)

"""Preprocessing: any sketch or photo -> the normalised frame for the network.

Training, building and serving all use it. A frame is a (256,256) uint8 image: the object's box centred, its longer side
226 px. Every line has one normal width, black on white. QMUL published the paper's sketches and edge maps in this
format.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from model.preprocessing.edge_pieces import EdgePieces
from model.preprocessing.frames import BOX, FRAME, Mask, PlacedFrame, Placement, centred
from model.preprocessing.images import (
    Pixels,
    to_ink,
    to_rgb,
    upright,
)
from model.preprocessing.line_drawing import (
    MIN_SKETCH,
    WORKING_SIDE,
    BlankSketchError,
    InkMask,
    ink_mask,
    thin_lines,
    too_small,
)
from model.preprocessing.object_cutout import PhotoObject, isolate_object
from model.preprocessing.paper.ink import sketch_mask
from model.preprocessing.picture_kind import find_sketch
from model.preprocessing.regions import Region
from model.preprocessing.smoothed_photo import MARGIN, SmoothedPhoto

if TYPE_CHECKING:
    from torch import Tensor
from model.preprocessing.frames import Strokes

LineDetector = Callable[[Pixels], Mask]  # smoothed RGB (H,W,3) -> one-pixel lines (H,W) 0/255


@dataclass(frozen=True)
class PreprocessConfig:
    """Preprocessing settings, saved with a checkpoint."""

    size: int = 225  # px: side of the network's input, to which frames are resized
    line_width: int = 2  # px in the frame: the one normal stroke width
    canny_low: int = 40  # gradient thresholds of cv2.Canny on 0..255 channels
    canny_high: int = 100
    min_edge: int = 12  # px: shorter connected edges of a photo are dropped as texture or noise
    styles: tuple[str, ...] = ("served",)  # of edge_styles: a photo's embedding is the mean over them

    def __post_init__(self) -> None:
        """Take the styles as a tuple: JSON has lists only."""
        object.__setattr__(self, "styles", tuple(self.styles))


class Preprocess:
    """Conversion of sketches, strokes, photos and edge maps to frames and tensors by one PreprocessConfig."""

    def __init__(self, config: PreprocessConfig = PreprocessConfig()) -> None:
        self.config = config

    def sketch(self, image: Image.Image) -> Pixels:
        """Convert a raster sketch of any size, mode, ground and stroke width, or a photo of one on paper, to a frame.

        Raises BlankSketchError.
        """
        return self.place_sketch(upright(image)).frame

    def strokes(self, strokes: Strokes) -> Pixels:
        """Convert strokes [[[x, y, pressure?], ...], ...], y down, in px of a canvas, to a frame.

        Lines are drawn one pixel wide in the frame itself and need no tracing; the rest is as for rasters. Raises
        BlankSketchError.
        """
        return self.place_strokes(strokes).frame

    def photo(self, image: Image.Image) -> Pixels:
        """Convert a product photo of any size and mode to its edge map, as a frame.

        The frame is blank when the photo has no edges.
        """
        return self.place_photo(image).frame

    def draw_photo(self, photo: SmoothedPhoto, detect: LineDetector | None = None) -> Pixels:
        """Draw the frame of a photo, as photo() does.

        `detect` draws the lines instead of Canny, in the box of Canny's lines.
        """
        return self._draw(self._detect_lines(photo, detect or self._detect_canny)[0])

    def place_sketch(self, image: Image.Image) -> PlacedFrame:
        """Return the frame of an upright sketch, and its place on the image.

        On a photo of a sheet, it is the place on the straightened sheet. Raises BlankSketchError.
        """
        return self._place_mask(sketch_mask(image), image)

    def place_picture(self, image: Image.Image) -> tuple[PlacedFrame, PhotoObject | None]:
        """Return the frame of a sketch or of the object in a photo, with its place, and the object.

        The object of a sketch is None. Raises BlankSketchError.
        """
        mask = find_sketch(image)
        if mask is None:
            return self.place_object(image)
        return self._place_mask(mask, image), None

    def _place_mask(self, mask: InkMask, image: Image.Image) -> PlacedFrame:
        """Return the frame of an upright image's ink, and its place on the image."""
        lines, placement = thin_lines(mask)
        height, width = mask.shape
        return PlacedFrame(self._draw(lines), placement.scaled(image.width / width, image.height / height))

    def place_strokes(self, strokes: Strokes) -> PlacedFrame:
        """Return the frame of strokes, and its place in their unit. Raises BlankSketchError."""
        points = np.array([(x, y) for stroke in strokes for x, y, *_ in stroke], np.float64)
        if not len(points):
            raise BlankSketchError("sketch is blank: got no strokes, expected at least one")
        low, extent = points.min(axis=0), np.ptp(points, axis=0)
        if extent.max() < MIN_SKETCH:
            raise BlankSketchError(too_small(extent[0], extent[1]))
        scale = (BOX - 1) / extent.max()
        offset = (FRAME - 1 - extent * scale) / 2
        canvas = np.zeros((FRAME, FRAME), np.uint8)
        fixed = np.rint(((points - low) * scale + offset) * 16).astype(np.int32)  # 1/16 px fixed point
        ends = accumulate(len(stroke) for stroke in strokes if len(stroke))
        paths = [fixed[start:end] for start, end in pairwise((0, *ends))]
        cv2.polylines(canvas, paths, isClosed=False, color=255, lineType=cv2.LINE_8, shift=4)
        left, top = low - (offset + 0.5) / scale  # of the frame's first pixel, whose middle is its coordinate 0
        return PlacedFrame(self._draw(canvas), Placement(float(left), float(top), FRAME / scale, FRAME / scale))

    def place_photo(self, image: Image.Image) -> PlacedFrame:
        """Return the frame of a photo, and its place on the upright photo."""
        lines, placement = self.photo_lines(image)
        return PlacedFrame(self._draw(lines), placement)

    def place_object(self, photo: Image.Image, crop: Region | None = None) -> tuple[PlacedFrame, PhotoObject]:
        """Return the frame of the object in an upright photo on any ground, with its place, and the object.

        It is the object in `crop`, by default the one that the photo seems to show.
        """
        lines, placement, item = self.object_lines(photo, crop)
        return PlacedFrame(self._draw(lines), placement), item

    def photo_lines(self, image: Image.Image) -> tuple[Mask, Placement]:
        """Detect one-pixel lines (256,256) 0/255 of a photo, and their place on the upright photo."""
        return self._detect_lines(SmoothedPhoto(to_rgb(image)), self._detect_canny)

    def object_lines(self, photo: Image.Image, crop: Region | None = None) -> tuple[Mask, Placement, PhotoObject]:
        """Detect one-pixel lines (256,256) 0/255 of the object in an upright photo, with their place on the photo."""
        isolated = isolate_object(photo, crop)
        lines, placement = self.photo_lines(isolated.photo)
        return lines, placement.moved(isolated.left, isolated.top), isolated.object

    def edge_map(self, image: Image.Image) -> Pixels:
        """Convert an edge map from elsewhere to a frame.

        The published ones have a grey rim, which is removed.
        """
        ink = to_ink(upright(image), WORKING_SIDE)
        rim = max(2, min(ink.shape) // 100)
        inner = np.zeros_like(ink)
        inner[rim:-rim, rim:-rim] = ink[rim:-rim, rim:-rim]
        return self._draw(thin_lines(ink_mask(inner))[0])

    def tensor(self, frames: Sequence[Pixels]) -> Tensor:
        """Stack frames into a tensor (B,1,size,size) float32, ink 1 on ground 0."""
        import torch  # here, so that the server's decoding processes do not load its 200 MB

        size = self.config.size
        batch = np.stack([cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA) for frame in frames])
        return 1 - torch.from_numpy(batch).unsqueeze(1).float() / 255

    def _detect_lines(self, photo: SmoothedPhoto, detect: LineDetector) -> tuple[Mask, Placement]:
        """Detect one-pixel lines (256,256) 0/255 in the box of Canny's lines, and their place on the photo."""
        found = self._find_pieces(photo.reduced, self._detect_canny).box()
        box = photo.enlarge(found) if found else photo.whole()
        edges = self._find_pieces(photo.smooth_part(box), detect).draw()
        return centred(edges), Placement.around(*box, edges.shape)

    def _find_pieces(self, smooth: Pixels, detect: LineDetector) -> EdgePieces:
        """Find the pieces of edges of smoothed pixels with a margin, without short ones."""
        edges = np.ascontiguousarray(detect(smooth)[MARGIN:-MARGIN, MARGIN:-MARGIN])
        return EdgePieces.find(edges, self.config.min_edge)

    def _detect_canny(self, smooth: Pixels) -> Mask:
        """Detect lines by Canny on each channel (a LineDetector)."""
        low, high = self.config.canny_low, self.config.canny_high
        first, second, third = (cv2.Canny(channel, low, high) for channel in cv2.split(smooth))
        return np.asarray(cv2.max(cv2.max(first, second), third), np.uint8)

    def _draw(self, lines: Mask) -> Pixels:
        """Draw one-pixel lines (256,256) 0/255 in the normal width: the frame."""
        pen = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (self.config.line_width, self.config.line_width))
        return np.asarray(255 - cv2.dilate(lines, pen), np.uint8)

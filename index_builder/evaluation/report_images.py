"""Pictures of the report as data URLs: thumbnails, partial sketches, and attention over frames."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.pictures import Picture, Sketch, frame_of
from index_builder.evaluation.evaluate import Query
from index_builder.evaluation.protocols import GalleryFrom, gallery_frame
from model.checkpoint import Checkpoint
from model.preprocessing.frames import FRAME, Strokes
from model.preprocessing.images import Pixels, to_rgb
from model.preprocessing.line_drawing import BlankSketchError

_THUMBNAIL = 160  # px; displayed smaller, so that thumbnails are sharp on dense screens
_ATTENTION = np.array((226, 61, 20), np.float32)  # RGB at the strongest attention


class Pictures:
    """Pictures of one evaluation's pairs as its checkpoint received them, with cached thumbnails."""

    def __init__(self, folder: PairFolder, checkpoint: Checkpoint, gallery_from: GalleryFrom) -> None:
        self._pairs = {pair.photo_id: pair for pair in folder.pairs}
        self._checkpoint = checkpoint
        self._gallery_from = gallery_from
        self._thumbnails: dict[Picture, str] = {}

    def photo(self, photo_id: str) -> str:
        """Return a thumbnail of a photo, or of its edge map if there is no photo."""
        pair = self._pairs[photo_id]
        picture = pair.photo or pair.edge_map
        return self._thumbnail(picture, picture.open) if picture else ""

    def sketch(self, sketch: Sketch) -> str:
        """Return a thumbnail of a sketch's frame, whose lines are visible at that size."""
        picture, prepare = sketch.picture, self._checkpoint.preprocess.sketch
        return self._thumbnail(picture, lambda: Image.fromarray(frame_of(picture, prepare)))

    def _thumbnail(self, picture: Picture, open_image: Callable[[], Image.Image]) -> str:
        if picture not in self._thumbnails:
            self._thumbnails[picture] = _reduce(open_image())
        return self._thumbnails[picture]

    def drawn(self, strokes: Strokes) -> str:
        """Return the frame of strokes; it is empty where they are too few."""
        try:
            frame = self._checkpoint.preprocess.strokes(strokes)
        except BlankSketchError:
            frame = np.full((FRAME, FRAME), 255, np.uint8)
        return _reduce(Image.fromarray(frame))

    def attention(self, query: Query) -> list[tuple[str, str]]:
        """Return (caption, picture) of the sketch, its true photo, and the first result if that differs.

        A picture is the network's input frame with its attention over it. Empty for a network without attention.
        """
        preprocess = self._checkpoint.preprocess
        ids = {"true photo": query.truth} | ({"first result": query.first[0]} if query.rank > 1 else {})
        frames = [frame_of(query.sketch.picture, preprocess.sketch)]
        frames += [gallery_frame(self._pairs[i], preprocess, self._gallery_from) for i in ids.values()]
        maps = self._checkpoint.attend_frames(frames)
        if maps is None:
            return []
        overlays = [_data_url(overlay(frame, strength)) for frame, strength in zip(frames, maps, strict=True)]
        return list(zip(["sketch", *ids], overlays, strict=True))


def overlay(frame: Pixels, strength: NDArray[np.float32]) -> Image.Image:
    """Draw attention (h,w), 0..1, as a translucent colour over its frame (256,256), with black ink."""
    height, width = frame.shape
    strength = cv2.resize(strength, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)[..., None]
    tint = 1 - strength * (1 - _ATTENTION / 255)  # (256,256,3)
    return Image.fromarray((frame[..., None] * tint).astype(np.uint8))


def _reduce(image: Image.Image) -> str:
    """Reduce an image to a thumbnail."""
    image = Image.fromarray(to_rgb(image))
    image.thumbnail((_THUMBNAIL, _THUMBNAIL), Image.Resampling.LANCZOS)
    return _data_url(image)


def _data_url(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()

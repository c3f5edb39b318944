"""A sketch, or a product's photo, as an image file.

What is done to it here is done in a process of its own: see app/decoding/sketch_decoder.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.decoding.framed_picture import FramedPicture
from model.preprocessing.images import decode_image, upright
from model.preprocessing.line_drawing import BlankSketchError
from model.preprocessing.picture_kind import Kind
from model.preprocessing.preprocess import Preprocess
from model.preprocessing.tracing import Tracing, trace_picture

RequestedKind = Literal["auto", "sketch", "photo"]
"""What whoever sends an image says that it is; auto leaves it to us."""


@dataclass(frozen=True)
class ImageSketch:
    """The bytes of an image file."""

    data: bytes
    max_pixels: int
    kind: RequestedKind = "auto"

    def picture(self, preprocess: Preprocess) -> FramedPicture:
        """Decode the image; its place is in pixels of the upright image. Raises UnreadableImage or BlankSketch."""
        image = upright(decode_image(self.data, self.max_pixels))
        if self.kind == "sketch":
            return FramedPicture.of(image, preprocess.place_sketch)
        kind: Kind = "photo"
        if self.kind == "auto":
            placed, kind = preprocess.place_picture(image)
        else:
            placed = preprocess.place_photo(image)
        if kind == "photo" and placed.frame.min() == 255:
            raise BlankSketchError("photo is blank: found no edges in it, expected a thing on a plain ground")
        return FramedPicture(*placed, *image.size, kind)

    def traced(self, preprocess: Preprocess) -> Tracing:
        """Decode the image and trace its lines, or its edges if it is a product's photo.

        Raises UnreadableImage or BlankSketch.
        """
        return trace_picture(upright(decode_image(self.data, self.max_pixels)), preprocess)

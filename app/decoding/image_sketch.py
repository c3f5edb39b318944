"""Sketch, or product photo, sent as an image file.

This code runs in a decoder process: see app/decoding/sketch_decoder.py.
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
"""Kind of an image as its sender declares it; auto means that the server decides."""


@dataclass(frozen=True)
class ImageSketch:
    """Bytes of an image file."""

    data: bytes
    max_pixels: int
    kind: RequestedKind = "auto"

    def decode(self, preprocess: Preprocess) -> FramedPicture:
        """Decode the image; its place is in pixels of the upright image.

        Raises UnreadableImageError and BlankSketchError.
        """
        image = upright(decode_image(self.data, self.max_pixels))
        if self.kind == "sketch":
            return FramedPicture.from_image(image, preprocess.place_sketch)
        kind: Kind = "photo"
        if self.kind == "auto":
            placed, kind = preprocess.place_picture(image)
        else:
            placed = preprocess.place_object(image)
        if kind == "photo" and placed.frame.min() == 255:
            raise BlankSketchError("photo is blank: found no edges, expected a product on a plain background")
        return FramedPicture(*placed, *image.size, kind)

    def trace(self, preprocess: Preprocess) -> Tracing:
        """Decode the image and trace its lines, or the edges of the object in a photo.

        Raises UnreadableImageError, BlankSketchError and TooManyLinesError.
        """
        return trace_picture(upright(decode_image(self.data, self.max_pixels)), preprocess)

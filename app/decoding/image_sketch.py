"""Sketch, or product photo, sent as an image file.

This code runs in a decoder process: see app/decoding/sketch_decoder.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.decoding.framed_picture import FramedPicture
from model.preprocessing.images import decode_image, upright
from model.preprocessing.line_drawing import BlankSketchError
from model.preprocessing.object_cutout import PhotoObject
from model.preprocessing.preprocess import Preprocess
from model.preprocessing.regions import Region
from model.preprocessing.tracing import Tracing, trace_picture

RequestedKind = Literal["auto", "sketch", "photo"]
"""Kind of an image as its sender declares it; auto means that the server decides."""


@dataclass(frozen=True)
class ImageSketch:
    """Bytes of an image file. With a crop, it is taken for a photo whose object is in that region."""

    data: bytes
    max_pixels: int
    kind: RequestedKind = "auto"
    crop: Region | None = None

    def decode(self, preprocess: Preprocess) -> FramedPicture:
        """Decode the image; its place is in pixels of the upright image.

        Raises UnreadableImageError and BlankSketchError.
        """
        image = upright(decode_image(self.data, self.max_pixels))
        if self.kind == "sketch":
            return FramedPicture.from_image(image, preprocess.place_sketch)
        item: PhotoObject | None
        if self.kind == "photo" or self.crop:
            placed, item = preprocess.place_object(image, self.crop)
        else:
            placed, item = preprocess.place_picture(image)
        if item and placed.frame.min() == 255:
            raise BlankSketchError("photo is blank: found no edges, expected a product on a plain background")
        return FramedPicture(*placed, *image.size, item)

    def trace(self, preprocess: Preprocess) -> Tracing:
        """Decode the image and trace its lines, or the edges of the object in a photo.

        Raises UnreadableImageError, BlankSketchError and TooManyLinesError.
        """
        return trace_picture(upright(decode_image(self.data, self.max_pixels)), preprocess, self.crop)

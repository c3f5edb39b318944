"""A sketch as an image file. What is done to it here is done in a process of its own: see app/workshop.py."""

from __future__ import annotations

from dataclasses import dataclass

from app.pictures import Picture
from model.images import decode_image, upright
from model.preprocess import Preprocess
from model.tracing import Tracing, traced


@dataclass(frozen=True)
class RasterSketch:
    """The bytes of an image file."""

    data: bytes
    max_pixels: int

    def picture(self, preprocess: Preprocess) -> Picture:
        """Decode the image; its place is in pixels of the upright image. Raises UnreadableImage or BlankSketch."""
        return Picture.of(upright(decode_image(self.data, self.max_pixels)), preprocess.place_sketch)

    def traced(self) -> Tracing:
        """Decode the image and trace its lines. Raises UnreadableImage or BlankSketch."""
        return traced(decode_image(self.data, self.max_pixels))

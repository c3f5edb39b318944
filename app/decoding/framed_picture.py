"""Input frame of the network, with its place on the picture that it was cut from."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PIL import Image

from app.colours.shares import ColorShare
from model.preprocessing.frames import PlacedFrame, Placement
from model.preprocessing.images import Pixels
from model.preprocessing.object_cutout import PhotoObject
from model.preprocessing.picture_kind import Kind


class FramedPicture(NamedTuple):
    """Frame (256,256) of a picture, its place on the picture, and the picture's size in the same unit.

    `object` is what the frame shows of a photo, None for a sketch. `colors` has the colours of coloured strokes, with
    their shares of the length of these.
    """

    frame: Pixels
    placement: Placement
    width: float
    height: float
    object: PhotoObject | None = None
    colors: tuple[ColorShare, ...] = ()

    @property
    def kind(self) -> Kind:
        """Kind of the picture."""
        return "photo" if self.object else "sketch"

    @staticmethod
    def from_image(image: Image.Image, place: Callable[[Image.Image], PlacedFrame]) -> FramedPicture:
        """Frame an upright image by a method of Preprocess, in pixels. Raises the errors of that method."""
        return FramedPicture(*place(image), *image.size)

"""A sketch or a photo as the network is shown it, and where on the picture that lies."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PIL import Image

from model.preprocessing.frames import PlacedFrame, Placement
from model.preprocessing.images import Pixels
from model.preprocessing.picture_kind import Kind


class FramedPicture(NamedTuple):
    """A picture's frame (256,256), where it lies on the picture, and the picture's size in the same unit."""

    frame: Pixels
    placement: Placement
    width: float
    height: float
    kind: Kind = "sketch"

    @staticmethod
    def of(image: Image.Image, place: Callable[[Image.Image], PlacedFrame]) -> FramedPicture:
        """An upright image, framed by one of Preprocess's methods, in pixels. Raises what that raises."""
        return FramedPicture(*place(image), *image.size)

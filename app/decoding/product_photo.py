"""A product's photo as it was sent -> the files that are kept of it, and what the network sees of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2

from app.gallery.photo_store import webp_files
from model.preprocessing.images import MAX_PIXELS, Pixels, UnreadableImage, decode_image
from model.preprocessing.preprocess import Preprocess


class Print(NamedTuple):
    """A photo and its thumbnail as WebP files, and the photo's frame (256,256)."""

    photo: bytes
    thumbnail: bytes
    frame: Pixels


Decode = Callable[[bytes], Print]
"""What makes a print of an image file. Raises UnreadableImage."""


def decoded(data: bytes, preprocess: Preprocess, max_pixels: int = MAX_PIXELS) -> Print:
    """The print of an image file, made in this process. Raises UnreadableImage."""
    image = decode_image(data, max_pixels)
    try:
        return Print(*webp_files(image), preprocess.photo(image))
    except (cv2.error, OSError, ValueError) as error:
        raise UnreadableImage(str(error)) from None

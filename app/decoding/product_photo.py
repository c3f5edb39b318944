"""A product's photo as it was sent -> the files that are kept of it, and what the network sees of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageCms

from model.preprocessing.images import MAX_PIXELS, Pixels, UnreadableImageError, decode_image, to_rgb, upright
from model.preprocessing.preprocess import Preprocess

PHOTO_SIDE = 1024  # px, at most, of the longer side
THUMBNAIL_SIDE = 320
_QUALITY = 85
_EFFORT = 2  # of 0 to 6: half the time of Pillow's 4, for files a few percent larger
_SRGB = ImageCms.createProfile("sRGB")


class ProductPhoto(NamedTuple):
    """A photo and its thumbnail as WebP files, and the photo's frame (256,256)."""

    photo: bytes
    thumbnail: bytes
    frame: Pixels


Decode = Callable[[bytes], ProductPhoto]
"""What makes a print of an image file. Raises UnreadableImage."""


def decode_photo(data: bytes, preprocess: Preprocess, max_pixels: int = MAX_PIXELS) -> ProductPhoto:
    """The print of an image file, made in this process. Raises UnreadableImage."""
    image = decode_image(data, max_pixels)
    try:
        return ProductPhoto(*encode_webp_files(image), preprocess.photo(image))
    except (cv2.error, OSError, ValueError) as error:
        raise UnreadableImageError(str(error)) from None


def encode_webp_files(image: Image.Image) -> tuple[bytes, bytes]:
    """A photo and its thumbnail: upright, sRGB, on white, at most PHOTO_SIDE px, without metadata."""
    photo = _reduced(_as_srgb(image), PHOTO_SIDE)
    thumbnail, file = _reduced(photo, THUMBNAIL_SIDE), _webp(photo)
    return file, file if thumbnail is photo else _webp(thumbnail)


def _as_srgb(image: Image.Image) -> Image.Image:
    """Upright RGB in the sRGB colours that browsers assume; a photo with an unusable profile keeps its numbers."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK"):
        return Image.fromarray(to_rgb(image))
    # a CMYK profile describes the four inks themselves; the others describe what to_rgb() has laid on white
    pixels = upright(image) if image.mode == "CMYK" else Image.fromarray(to_rgb(image))
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(pixels, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return Image.fromarray(to_rgb(image))
    return converted if converted is not None else pixels


def _reduced(image: Image.Image, side: int) -> Image.Image:
    """The image, made smaller if its longer side is over `side` px."""
    scale = side / max(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _webp(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    bare = Image.fromarray(np.asarray(image))  # pixels alone: no metadata
    bare.save(buffer, "WEBP", quality=_QUALITY, method=_EFFORT)
    return buffer.getvalue()

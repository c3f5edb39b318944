"""Conversion of an uploaded product photo into its stored files and its input frame."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageCms

from app.colours.measure import measure_colors
from app.colours.shares import ColorShare
from model.preprocessing.edge_styles import photo_frames
from model.preprocessing.images import MAX_PIXELS, Pixels, UnreadableImageError, decode_image, to_rgb, upright
from model.preprocessing.preprocess import Preprocess

PHOTO_SIDE = 1024  # px, the most of the longer side
THUMBNAIL_SIDE = 320
_QUALITY = 85
_EFFORT = 2  # of 0 to 6: half the time of Pillow's 4, for files a few percent larger
_SRGB = ImageCms.createProfile("sRGB")


class ProductPhoto(NamedTuple):
    """Photo and thumbnail as WebP files, the photo's frames (K,256,256), and the colours of the product on it."""

    photo: bytes
    thumbnail: bytes
    frames: Pixels
    colors: tuple[ColorShare, ...]


Decode = Callable[[bytes], ProductPhoto]
"""Function that decodes an image file. Raises UnreadableImageError."""


def decode_photo(data: bytes, preprocess: Preprocess, max_pixels: int = MAX_PIXELS) -> ProductPhoto:
    """Decode an image file in this process. Raises UnreadableImageError.

    Edges and colours are those of the photo as it is kept. So they do not depend on the size of what was sent, and
    are the same when the gallery is embedded again.
    """
    image = decode_image(data, max_pixels, PHOTO_SIDE)
    try:
        photo = _standardise(image)
        return ProductPhoto(*_encode_files(photo), photo_frames(photo, preprocess), measure_colors(np.asarray(photo)))
    except (cv2.error, OSError, ValueError) as error:
        raise UnreadableImageError(str(error)) from None


def encode_webp_files(image: Image.Image) -> tuple[bytes, bytes]:
    """Encode a photo and its thumbnail: upright, sRGB, on white, at most PHOTO_SIDE px, without metadata."""
    return _encode_files(_standardise(image))


def _standardise(image: Image.Image) -> Image.Image:
    return _shrink(_convert_to_srgb(image), PHOTO_SIDE)


def _encode_files(photo: Image.Image) -> tuple[bytes, bytes]:
    """Encode a standardised photo and its thumbnail."""
    thumbnail, file = _shrink(photo, THUMBNAIL_SIDE), _encode_webp(photo)
    return file, file if thumbnail is photo else _encode_webp(thumbnail)


def _convert_to_srgb(image: Image.Image) -> Image.Image:
    """Convert to upright RGB in sRGB, which browsers assume. A photo with an unusable profile keeps its values."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK"):
        return Image.fromarray(to_rgb(image))
    # a CMYK profile describes the four inks; the other profiles describe the pixels that to_rgb() has put on white
    pixels = upright(image) if image.mode == "CMYK" else Image.fromarray(to_rgb(image))
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(pixels, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return Image.fromarray(to_rgb(image))
    return converted if converted is not None else pixels


def _shrink(image: Image.Image, side: int) -> Image.Image:
    """Return the image, shrunk if its longer side is over `side` px."""
    scale = side / max(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _encode_webp(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    bare = Image.fromarray(np.asarray(image))  # pixels alone: no metadata
    bare.save(buffer, "WEBP", quality=_QUALITY, method=_EFFORT)
    return buffer.getvalue()

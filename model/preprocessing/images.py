"""Image files: bytes -> Pillow image -> numpy pixels, with limits checked before decoding."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

MAX_PIXELS = 50_000_000
"""Largest width x height that is decoded; a 50-megapixel RGB image takes 150 MB."""

Pixels = NDArray[np.uint8]

# our own limit applies; Pillow's warning is not needed
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

_PIECE = 1 << 17  # px converted at once: they fit into the processor's cache
_WHITES = (1.0, 255.0, 65535.0)  # of a share, 8 bits and 16 bits
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")


class UnreadableImageError(ValueError):
    """Bytes that are not an image, are truncated, or have an unsupported format."""


class ImageTooLargeError(UnreadableImageError):
    """Image whose header declares more pixels than allowed."""


class ImageTooCostlyError(UnreadableImageError):
    """Image that takes more time or memory to decode than allowed."""


def decode_image(data: bytes, max_pixels: int = MAX_PIXELS, side: int | None = None) -> Image.Image:
    """Decode the first frame of an image file.

    With `side`, a JPEG is reduced while it is decoded, to a half, a quarter or an eighth, if its longer side stays at
    least `side` px. That takes a fraction of the time and memory.

    Raises ImageTooLargeError from the header alone, and UnreadableImageError for all that cannot be decoded completely.
    """
    if not data:
        raise UnreadableImageError("image is empty: got 0 bytes, expected a PNG, JPEG or WebP file")
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=_FORMATS)
        _check_size(image, max_pixels)
        if side is not None:
            _reduce_decoding(image, side)
        image.load()
    except UnreadableImageError:
        raise
    except Image.DecompressionBombError:  # Pillow's hard limit, raised before the size is known
        raise ImageTooLargeError(
            f"image is too large: far more than the {max_pixels} pixels expected at most"
        ) from None
    except Exception as error:  # Pillow's decoders raise many types (OSError, SyntaxError, struct.error, ...)
        reason = str(error).split(" <")[0] or type(error).__name__
        raise UnreadableImageError(
            f"image cannot be read ({reason}): expected a whole PNG, JPEG or WebP file"
        ) from None
    return image


def upright(image: Image.Image) -> Image.Image:
    """Rotate the image by its EXIF orientation; one with broken EXIF data stays unchanged."""
    try:
        if image.getexif().get(ExifTags.Base.Orientation, 1) == 1:  # Pillow would copy it
            return image
        return ImageOps.exif_transpose(image)
    except Exception:  # bad metadata does not matter; Pillow raises SyntaxError, struct.error, ...
        return image


def _check_size(image: Image.Image, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        raise ImageTooLargeError(f"image is too large: {width}x{height} pixels, expected at most {max_pixels} in all")


def _reduce_decoding(image: Image.Image, side: int) -> None:
    """Have an image that is not decoded yet reduced by its decoder, if it can, to no less than `side` px."""
    factor = max(image.size) // side
    if factor > 1:
        image.draft(None, (max(1, image.width // factor), max(1, image.height // factor)))


def to_rgb(image: Image.Image, side: int | None = None) -> Pixels:
    """Convert an image of any mode to upright RGB pixels (H,W,3) uint8; transparent parts become white.

    With `side`, large images are reduced as in to_ink().
    """
    image = _to_eight_bit(upright(image))
    return _reduce(image, side or max(image.size), _place_on_white)


def to_ink(image: Image.Image, side: int) -> NDArray[np.float32]:
    """Return the contrast of an upright image's pixels with their ground: (H,W) float32.

    0 is the ground, 1 the strongest contrast. It works for dark on light, light on dark, any colours, and a transparent
    ground. If the longer side is at least twice `side`, the image is first reduced by a whole number, to between `side`
    and twice that.
    """
    pixels = _reduce(_to_eight_bit(image), side, _premultiply).astype(np.float32) / np.float32(255)
    colours = pixels[..., :3]
    if pixels.shape[2] == 4:
        alpha = pixels[..., 3:]
        mean = float(colours.sum()) / (3 * max(float(alpha.sum()), 1.0))
        # lines on a transparent ground may have any colour; the opposite ground makes them visible
        colours = colours + (1 - alpha) * np.float32(mean < 0.5)
    return np.asarray(np.abs(colours - _rim_median(colours)).max(2), np.float32)


def _rim_median(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the ground's colour (3,).

    Strokes may fill a picture's middle, but seldom half of its rim.
    """
    rim = max(1, min(colours.shape[:2]) // 50)
    sides = (colours[:rim], colours[-rim:], colours[:, :rim], colours[:, -rim:])
    return np.asarray(np.median(np.concatenate([side.reshape(-1, 3) for side in sides]), axis=0), np.float32)


def _reduce(image: Image.Image, side: int, convert: Callable[[Image.Image], Image.Image]) -> Pixels:
    """Convert an image and reduce it by the whole number that leaves `side` or more: pixels (H,W,C) uint8.

    It is converted in pieces, since a large image would be held several times in memory otherwise.
    """
    factor = max(1, max(image.size) // side)
    rows = factor * max(1, _PIECE // (factor * image.width))
    pieces = (image.crop((0, top, image.width, min(top + rows, image.height))) for top in range(0, image.height, rows))
    return np.concatenate([np.asarray(convert(piece).reduce(factor)) for piece in pieces])


def _place_on_white(image: Image.Image) -> Image.Image:
    """Convert to RGB, with white behind transparent parts."""
    if _has_alpha(image):
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    return image.convert("RGB")


def _premultiply(image: Image.Image) -> Image.Image:
    """Convert to RGB, or to RGBa if it has alpha, so that averages exclude the colours of transparent pixels."""
    return image.convert("RGBA").convert("RGBa") if _has_alpha(image) else image.convert("RGB")


def _has_alpha(image: Image.Image) -> bool:
    return "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info


def _to_eight_bit(image: Image.Image) -> Image.Image:
    """Rescale 16-bit, 32-bit and float greys to 8 bits; Pillow's own convert() would clip them."""
    if not image.mode.startswith(("I", "F")):
        return image
    values = np.asarray(image, np.float32)
    white = 65535.0 if image.mode.startswith("I;16") else _white_level(values)
    values = np.nan_to_num(values, posinf=white, neginf=0)
    return Image.fromarray(np.clip(values / white * 255 + 0.5, 0, 255).astype(np.uint8))


def _white_level(values: NDArray[np.float32]) -> float:
    """Return the value of white: the smallest usual one that is at least the brightest pixel.

    Images of 32 bits and floats have any range.
    """
    brightest = float(values.max(initial=0, where=np.isfinite(values)))
    return next((white for white in _WHITES if brightest <= white), brightest)

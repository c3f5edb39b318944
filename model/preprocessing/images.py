"""Bytes of any image file -> a Pillow image -> plain numpy pixels, with limits checked before anything is decoded."""

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

# the limit that counts is ours; Pillow's own warning would only be noise beside it
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

_PIECE = 1 << 17  # px that are converted at once: they stay in the processor's cache
_WHITES = (1.0, 255.0, 65535.0)  # of a share, 8 bits and 16 bits
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")


class UnreadableImageError(ValueError):
    """The bytes are not an image, are cut short, or are in a format that is not supported."""


class ImageTooLargeError(UnreadableImageError):
    """The image's header announces more pixels than are allowed."""


class ImageTooCostlyError(UnreadableImageError):
    """Decoding the image took more time or memory than is allowed."""


def decode_image(data: bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Decode the first frame of an image file.

    Raises ImageTooLarge from the header alone, and UnreadableImage for everything that cannot be decoded whole.
    """
    if not data:
        raise UnreadableImageError("image is empty: got 0 bytes, expected a PNG, JPEG or WebP file")
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=_FORMATS)
        _check_size(image, max_pixels)
        image.load()
    except UnreadableImageError:
        raise
    except Image.DecompressionBombError:  # Pillow's hard limit, met before it tells the size
        raise ImageTooLargeError(
            f"image is too large: far more than the {max_pixels} pixels expected at most"
        ) from None
    except Exception as error:  # Pillow's decoders raise almost anything (OSError, SyntaxError, struct.error, ...)
        reason = str(error).split(" <")[0] or type(error).__name__
        raise UnreadableImageError(
            f"image cannot be read ({reason}): expected a whole PNG, JPEG or WebP file"
        ) from None
    return image


def upright(image: Image.Image) -> Image.Image:
    """The image as its EXIF orientation shows it; one with broken EXIF data stays as it is."""
    try:
        if image.getexif().get(ExifTags.Base.Orientation, 1) == 1:  # Pillow would copy it
            return image
        return ImageOps.exif_transpose(image)
    except Exception:  # a picture is not worse for a bad comment; Pillow raises SyntaxError, struct.error, ...
        return image


def _check_size(image: Image.Image, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        raise ImageTooLargeError(f"image is too large: {width}x{height} pixels, expected at most {max_pixels} in all")


def to_rgb(image: Image.Image, side: int | None = None) -> Pixels:
    """Upright RGB pixels (H,W,3) uint8 of an image of any mode; transparent parts become white.

    With `side`, large ones are reduced as to_ink does.
    """
    image = _eight_bit(upright(image))
    return _reduced(image, side or max(image.size), _on_white)


def to_ink(image: Image.Image, side: int) -> NDArray[np.float32]:
    """How far an upright image's pixels are from their ground: (H,W) float32, 0 = ground, 1 = the strongest contrast.

    Works for dark on light, light on dark, any colours, and on a transparent ground. Pictures whose longer side is
    twice `side` or more are reduced by whole numbers first, down to between one and two times that.
    """
    pixels = _reduced(_eight_bit(image), side, _premultiplied).astype(np.float32) / np.float32(255)
    colours = pixels[..., :3]
    if pixels.shape[2] == 4:
        alpha = pixels[..., 3:]
        mean = float(colours.sum()) / (3 * max(float(alpha.sum()), 1.0))
        # lines on a transparent ground may have any colour; a ground opposite to it shows them
        colours = colours + (1 - alpha) * np.float32(mean < 0.5)
    return np.asarray(np.abs(colours - _rim_median(colours)).max(2), np.float32)


def _rim_median(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """The ground's colour (3,): strokes may fill a picture's middle, but seldom half of its rim."""
    rim = max(1, min(colours.shape[:2]) // 50)
    sides = (colours[:rim], colours[-rim:], colours[:, :rim], colours[:, -rim:])
    return np.asarray(np.median(np.concatenate([side.reshape(-1, 3) for side in sides]), axis=0), np.float32)


def _reduced(image: Image.Image, side: int, convert: Callable[[Image.Image], Image.Image]) -> Pixels:
    """What an image is converted to, reduced by the whole number that leaves `side` or more: pixels (H,W,C) uint8.

    Piece by piece, since a large image would be held several times over otherwise.
    """
    factor = max(1, max(image.size) // side)
    rows = factor * max(1, _PIECE // (factor * image.width))
    pieces = (image.crop((0, top, image.width, min(top + rows, image.height))) for top in range(0, image.height, rows))
    return np.concatenate([np.asarray(convert(piece).reduce(factor)) for piece in pieces])


def _on_white(image: Image.Image) -> Image.Image:
    """RGB, with white behind what is transparent."""
    if _has_alpha(image):
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    return image.convert("RGB")


def _premultiplied(image: Image.Image) -> Image.Image:
    """RGB, or RGBa with alpha, so that averaging does not mix in the colours of what cannot be seen."""
    return image.convert("RGBA").convert("RGBa") if _has_alpha(image) else image.convert("RGB")


def _has_alpha(image: Image.Image) -> bool:
    return "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info


def _eight_bit(image: Image.Image) -> Image.Image:
    """16-bit, 32-bit and float greys rescaled to 8 bits; Pillow's own convert() would clip them."""
    if not image.mode.startswith(("I", "F")):
        return image
    values = np.asarray(image, np.float32)
    white = 65535.0 if image.mode.startswith("I;16") else _white(values)
    values = np.nan_to_num(values, posinf=white, neginf=0)
    return Image.fromarray(np.clip(values / white * 255 + 0.5, 0, 255).astype(np.uint8))


def _white(values: NDArray[np.float32]) -> float:
    """The value of white: 32 bits and floats hold any range, so the least usual one that holds the brightest pixel."""
    brightest = float(values.max(initial=0, where=np.isfinite(values)))
    return next((white for white in _WHITES if brightest <= white), brightest)

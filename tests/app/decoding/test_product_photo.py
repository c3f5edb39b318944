"""Tests of decode_photo(): large photos, which their decoder reduces, in all ways that JPEG files differ."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from app.decoding.product_photo import PHOTO_SIDE, decode_photo, encode_webp_files
from model.preprocessing.images import ImageTooLargeError, Pixels, UnreadableImageError, decode_image
from model.preprocessing.preprocess import Preprocess
from tests.conftest import draw_product
from tests.model.preprocessing.test_preprocess import agreement

PREPROCESS = Preprocess()
PRODUCT = draw_product(1, (2100, 900))
SWAPPED = (
    ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    .tobytes()
    .replace(b"rXYZ", b"....")
    .replace(b"bXYZ", b"rXYZ")
    .replace(b"....", b"bXYZ")
)  # its red is blue


def encode(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def exif(orientation: int) -> Image.Exif:
    data = Image.Exif()
    data[0x0112] = orientation
    return data


def pixels_of(file: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))


FILES = {
    "plain": encode(PRODUCT, quality=90),
    "progressive": encode(PRODUCT, quality=90, progressive=True),
    "grey": encode(PRODUCT.convert("L"), quality=90),
    "CMYK": encode(PRODUCT.convert("CMYK"), quality=90),
    "on its side": encode(PRODUCT, quality=90, exif=exif(6)),
    "with a profile": encode(PRODUCT, quality=90, icc_profile=SWAPPED),
}


@pytest.mark.parametrize("name", FILES)
def test_a_large_photo_is_kept_as_if_it_had_been_decoded_in_full(name: str) -> None:
    photo = decode_photo(FILES[name], PREPROCESS)
    whole, thumbnail = (pixels_of(file) for file in encode_webp_files(decode_image(FILES[name])))
    assert max(whole.shape) == PHOTO_SIDE
    for reduced, full in ((photo.photo, whole), (photo.thumbnail, thumbnail)):
        assert pixels_of(reduced).shape == full.shape
        assert np.abs(pixels_of(reduced).astype(int) - full).mean() < 1.5
    (frame,) = photo.frames
    assert agreement(frame, PREPROCESS.photo(Image.fromarray(whole))) > 0.95


@pytest.mark.parametrize(
    ("size", "decoded"),
    [((2400, 1200), (1200, 600)), ((4200, 1100), (1050, 275)), ((2047, 50), (2047, 50)), ((4100, 2), (2050, 1))],
)
def test_a_jpeg_is_reduced_by_its_decoder(size: tuple[int, int], decoded: tuple[int, int]) -> None:
    assert decode_image(encode(Image.new("RGB", size)), side=PHOTO_SIDE).size == decoded
    assert decode_image(encode(Image.new("RGB", size))).size == size


def test_limits_hold_for_the_photo_before_it_is_reduced() -> None:
    with pytest.raises(ImageTooLargeError, match="2100x900"):
        decode_photo(FILES["plain"], PREPROCESS, max_pixels=1_000_000)


@pytest.mark.parametrize("name", ["plain", "progressive", "CMYK"])
def test_a_truncated_photo_is_refused(name: str) -> None:
    with pytest.raises(UnreadableImageError, match="truncated"):
        decode_photo(FILES[name][: len(FILES[name]) // 2], PREPROCESS)

"""Check of the pixels of images of any size: conversion in pieces equals that of the whole."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from model.preprocessing.images import decode_image, to_ink, to_rgb, upright

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module", params=[(1301, 999), (3, 90_000), (90_000, 3)])
def large(request: pytest.FixtureRequest) -> Image.Image:
    width, height = request.param
    return Image.fromarray(RANDOM.integers(0, 256, (height, width, 4), np.uint8), "RGBA")


def on_white(image: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def test_transparent_parts_become_white_in_all_of_a_large_image(large: Image.Image) -> None:
    assert np.array_equal(to_rgb(large), np.asarray(on_white(large)))
    assert np.array_equal(to_rgb(large.convert("RGB")), np.asarray(large.convert("RGB")))


def test_a_large_image_is_reduced_without_seams(large: Image.Image) -> None:
    assert np.array_equal(to_rgb(large, max(large.size) // 3), np.asarray(on_white(large).reduce(3)))


@pytest.mark.parametrize("mode", ["L", "P", "RGB"])
def test_a_colour_that_stands_for_transparent_does_so_in_all_of_a_large_image(mode: str) -> None:
    values = RANDOM.integers(0, 2, (999, 1301), np.uint8) * 200
    image = Image.fromarray(values).convert(mode)
    row, column = np.argwhere(values == 0)[0].tolist()
    image.info["transparency"] = image.getpixel((column, row))
    expected = np.where(values == 0, 255, values)
    assert np.array_equal(to_rgb(image), np.stack([expected] * 3, 2))


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_the_ink_of_a_large_image_has_no_seams(mode: str) -> None:
    image = Image.new("L", (1301, 999), 255)
    image.paste(Image.fromarray(RANDOM.integers(0, 256, (800, 1100), np.uint8)), (100, 100))
    expected = 1 - np.asarray(image.reduce(2), np.float64) / 255
    np.testing.assert_allclose(to_ink(image.convert(mode), 650), expected, atol=1e-6)


def test_only_what_lies_on_its_side_is_turned() -> None:
    image = Image.new("RGB", (30, 20))
    assert upright(image) is image
    image.getexif()[0x0112] = 6
    assert upright(image).size == (20, 30)


RAMP = np.linspace(0, 1, 256).reshape(16, 16)


@pytest.mark.parametrize(
    ("kind", "white"),
    [
        (np.uint16, 65535), (np.int32, 1), (np.int32, 255), (np.int32, 65535), (np.int32, 10**9),
        (np.float32, 1), (np.float32, 255), (np.float32, 65535), (np.float32, 1e9),
    ],
)  # fmt: skip
def test_greys_of_any_depth_are_those_of_eight_bits(kind: type[np.generic], white: float) -> None:
    file = io.BytesIO()
    Image.fromarray((RAMP * white + 0.5 * (kind is not np.float32)).astype(kind)).save(file, "TIFF")
    expected = np.floor(RAMP * 255 + 0.5) if white > 1 or kind is np.float32 else 255 * (RAMP >= 0.5)
    assert np.array_equal(to_rgb(decode_image(file.getvalue()))[..., 0], expected)


@pytest.mark.parametrize(("brightest", "grey"), [(0.5, 128), (100, 100), (51 * 257, 51)])
def test_a_dark_image_stays_dark(brightest: float, grey: int) -> None:
    assert to_rgb(Image.fromarray(np.full((4, 4), brightest, np.float32))).max() == grey


def test_sixteen_bits_are_taken_for_sixteen_however_dark() -> None:
    assert to_rgb(Image.fromarray(np.full((4, 4), 255, np.uint16))).max() == 1


def test_what_is_no_number_does_not_change_the_other_greys() -> None:
    values = np.array([[0, 51, np.inf], [-np.inf, np.nan, 255]], np.float32)
    assert to_rgb(Image.fromarray(values))[..., 0].tolist() == [[0, 51, 255], [0, 0, 255]]

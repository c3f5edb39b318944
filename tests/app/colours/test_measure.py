"""Colours are measured on the product, not on its ground, and whatever the light."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from app.colours.lab import hex_of_lab, lab_of_hex
from app.colours.measure import measure_colors
from app.colours.palette import SHADES, name_of
from app.colours.shares import ColorShare, main_names
from model.preprocessing.images import Pixels

SIDE = 200
RGB = {"red": (192, 37, 45), "navy": (40, 56, 94), "white": (241, 240, 236), "black": (43, 41, 43)}


def photo(*parts: str, ground: tuple[int, int, int] = (255, 255, 255)) -> Pixels:
    """Draw a shaded block of equally high parts on a ground, with an outline and a soft shadow below."""
    pixels = np.full((SIDE, SIDE, 3), ground, np.float32)
    pixels[150:170, 40:160] *= np.linspace(0.7, 1, 20)[:, None, None]
    height = 100 // len(parts)
    light = np.linspace(0.95, 0.7, 120)[None, :, None]
    for number, name in enumerate(parts):
        top = 50 + number * height
        pixels[top : top + height, 40:160] = np.array(RGB[name]) * light
    cv2.rectangle(pixels, (40, 50), (160, 149), (60, 60, 60), 2)
    return pixels.round().astype(np.uint8)


@pytest.mark.parametrize("ground", [(255, 255, 255), (200, 205, 210), (30, 30, 32)])
@pytest.mark.parametrize(("name", "expected"), [("red", "red"), ("navy", "blue"), ("white", "white")])
def test_the_main_colour_is_the_products(name: str, expected: str, ground: tuple[int, int, int]) -> None:
    assert main_names(measure_colors(photo(name, ground=ground)))[0] == expected


def test_a_dark_product_on_white_is_black() -> None:
    assert main_names(measure_colors(photo("black"))) == ("black",)


def test_shares_add_up_and_the_largest_comes_first() -> None:
    colors = measure_colors(photo("red", "navy"))
    assert sum(part.share for part in colors) == pytest.approx(1, abs=0.01)
    assert [part.share for part in colors] == sorted((part.share for part in colors), reverse=True)
    assert main_names(colors) == ("red", "blue")


def test_a_photographed_ground_is_cut_away() -> None:
    noise = np.random.default_rng(0).normal(0, 18, (SIDE, SIDE, 1))
    stripes = np.where(np.arange(SIDE)[:, None, None] // 20 % 2, 130, 90)
    pixels = np.clip(stripes + noise + (0, 25, -25), 0, 255).astype(np.uint8)  # a lawn
    pixels[50:150, 50:150] = RGB["red"]
    assert main_names(measure_colors(pixels)) == ("red",)


def test_the_same_photo_always_has_the_same_colours() -> None:
    assert measure_colors(photo("red", "white")) == measure_colors(photo("red", "white"))


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (600, 9), (9, 2000)])
def test_a_photo_of_ground_alone_has_no_colours(shape: tuple[int, int]) -> None:
    assert measure_colors(np.full((*shape, 3), 250, np.uint8)) == ()


def test_every_shade_has_its_own_name() -> None:
    for name, shades in SHADES.items():
        assert {name_of(colour) for colour in lab_of_hex(shades)} == {name}


def test_hex_and_lab_are_the_same_colours() -> None:
    colors = [shade for shades in SHADES.values() for shade in shades]
    assert hex_of_lab(lab_of_hex(colors)) == colors


def test_a_colour_that_is_no_material_is_the_main_one() -> None:
    assert main_names((ColorShare("#9a5022", 0.6), ColorShare("#237377", 0.4))) == ("blue", "brown")
    assert main_names((ColorShare("#9a5022", 0.85), ColorShare("#237377", 0.15))) == ("brown",)
    assert main_names(()) == ()

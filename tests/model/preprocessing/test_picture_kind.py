from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from model.preprocessing.picture_kind import find_sketch
from model.preprocessing.preprocess import Preprocess
from tests.conftest import draw_product


def lines(width: int, colour: str = "black") -> Image.Image:
    """Draw a sketch of a few strokes."""
    image = Image.new("RGB", (400, 300), "white")
    pen = ImageDraw.Draw(image)
    pen.line([(40, 250), (90, 60), (200, 60), (360, 240), (40, 250)], fill=colour, width=width, joint="curve")
    pen.arc((120, 90, 260, 200), 0, 300, fill=colour, width=width)
    return image


@pytest.mark.parametrize("width", [1, 3, 9])
@pytest.mark.parametrize("colour", ["black", "red"])
def test_lines_are_a_sketch(width: int, colour: str) -> None:
    assert find_sketch(lines(width, colour)) is not None


@pytest.mark.parametrize("seed", range(5))
def test_solid_things_are_a_photo(seed: int) -> None:
    assert find_sketch(draw_product(seed)) is None


def test_a_picture_is_framed_as_what_it_is() -> None:
    preprocess = Preprocess()
    placed, item = preprocess.place_picture(lines(3))
    assert item is None and np.array_equal(placed.frame, preprocess.place_sketch(lines(3)).frame)
    placed, item = preprocess.place_picture(draw_product(1))
    assert item is not None and np.array_equal(placed.frame, preprocess.place_photo(draw_product(1)).frame)

"""Check of the places of frames on their pictures."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from model.preprocessing.frames import FRAME, PlacedFrame, Placement
from model.preprocessing.preprocess import Preprocess
from tests.conftest import draw_product

preprocess = Preprocess()
Box = tuple[float, float, float, float]  # left, top, right, bottom


def seen(placed: PlacedFrame) -> Box:
    """Return the box of a frame's ink, in the picture's pixels."""
    ink = placed.frame < 128
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    left, top, width, height = (getattr(placed.placement, name) for name in ("left", "top", "width", "height"))
    return (
        left + columns[0] * width / FRAME,
        top + rows[0] * height / FRAME,
        left + (columns[-1] + 1) * width / FRAME,
        top + (rows[-1] + 1) * height / FRAME,
    )


def outlined(size: tuple[int, int], box: Box, width: int = 3) -> Image.Image:
    image = Image.new("L", size, 255)
    ImageDraw.Draw(image).rectangle(box, outline=0, width=width)
    return image


def filled(size: tuple[int, int], box: Box) -> Image.Image:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).rectangle(box, fill=(150, 60, 30))
    return image


PLACES: list[tuple[tuple[int, int], Box]] = [
    ((300, 200), (40, 60, 240, 120)),
    ((120, 900), (10, 500, 90, 880)),
    ((100, 100), (70, 5, 95, 40)),
    ((3001, 2003), (1700, 300, 2900, 1900)),  # reduced twice before it is traced
]


@pytest.mark.parametrize(("size", "box"), PLACES)
@pytest.mark.parametrize("kind", ["sketch", "photo"])
def test_what_a_frame_shows_lies_there_on_the_picture(kind: str, size: tuple[int, int], box: Box) -> None:
    sketch = kind == "sketch"
    placed = preprocess.place_sketch(outlined(size, box)) if sketch else preprocess.place_photo(filled(size, box))
    pixel = max(box[2] - box[0], box[3] - box[1]) / 226  # of the frame
    np.testing.assert_allclose(seen(placed), box, atol=2.5 * max(pixel, 1))
    assert placed.placement.width == pytest.approx(placed.placement.height, rel=0.02)
    assert placed.placement.width == pytest.approx(FRAME * pixel, rel=0.1)


@pytest.mark.parametrize("scale", [1, 0.2, 30])
def test_what_a_frame_shows_lies_there_among_the_strokes(scale: float) -> None:
    box = (50 * scale, -20 * scale, 250 * scale, 80 * scale)
    left, top, right, bottom = box
    placed = preprocess.place_strokes([[(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]])
    np.testing.assert_allclose(seen(placed), box, atol=2 * 200 * scale / 225)
    middle = placed.placement.left + placed.placement.width / 2, placed.placement.top + placed.placement.height / 2
    np.testing.assert_allclose(middle, ((left + right) / 2, (top + bottom) / 2))


def test_a_photo_of_nothing_is_seen_whole() -> None:
    assert preprocess.place_photo(Image.new("RGB", (452, 226), "blue")).placement == Placement(-30, -142, 512, 512)


def test_placing_changes_no_frame() -> None:
    image = draw_product(4)
    lines = Image.fromarray(preprocess.photo(image))
    strokes = [[(0, 0), (90, 30), (40, 80)]]
    assert np.array_equal(preprocess.place_photo(image).frame, preprocess.photo(image))
    assert np.array_equal(preprocess.place_sketch(lines).frame, preprocess.sketch(lines))
    assert np.array_equal(preprocess.place_strokes(strokes).frame, preprocess.strokes(strokes))


def test_a_mirrored_picture_has_the_mirrored_place() -> None:
    image = outlined((400, 200), (30, 40, 180, 160))
    here, there = preprocess.place_sketch(image).placement, preprocess.place_sketch(ImageOps.mirror(image)).placement
    assert there.left == pytest.approx(400 - here.left - here.width, abs=1.5)
    assert (there.top, there.width) == pytest.approx((here.top, here.width))


def test_a_larger_picture_has_a_larger_place() -> None:
    assert Placement(1, 2, 3, 4).scaled(2, 10) == Placement(2, 20, 6, 40)

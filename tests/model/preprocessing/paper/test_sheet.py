"""Check that sheets are found by their outline and straightened, and that similar shapes are not."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from model.preprocessing.images import Pixels
from model.preprocessing.paper.sheet import find_sheet, straightened

CORNERS = [(160, 90), (640, 150), (600, 900), (90, 820)]


def lying(
    corners: Sequence[tuple[float, float]] = CORNERS, table: int = 90, size: tuple[int, int] = (750, 1000)
) -> Pixels:
    """Draw a photo of a sheet with a square on a table, both brighter at the top."""
    image = Image.new("L", size, table)
    pen = ImageDraw.Draw(image)
    pen.polygon(corners, fill=220)
    pen.rectangle((250, 350, 450, 550), outline=40, width=6)
    light = np.linspace(1, 0.6, size[1], dtype=np.float32)[:, None, None]
    return (np.asarray(image.convert("RGB")) * light).astype(np.uint8)


def test_the_corners_of_a_sheet_are_found() -> None:
    outline = find_sheet(lying())
    assert outline is not None and len(outline) == 4
    distances = np.linalg.norm(outline[:, None] - np.array(CORNERS), axis=2)
    assert distances.min(axis=0).max() < 4


def test_a_straightened_sheet_has_the_ratio_of_its_sides() -> None:
    """Check A4, tilted by 25 degrees to one side and 15 to another, before a phone's camera."""
    a4 = np.array([(-105, -148.5, 0), (105, -148.5, 0), (105, 148.5, 0), (-105, 148.5, 0)])
    seen, _ = cv2.projectPoints(
        a4,
        np.radians([25.0, 15, 5]),
        np.array([0.0, 0, 450]),
        np.array([[850.0, 0, 375], [0, 850, 500], [0, 0, 1]]),
        None,
    )
    photo = lying([(float(x), float(y)) for x, y in seen[:, 0]])
    outline = find_sheet(photo)
    assert outline is not None
    height, width, _ = straightened(photo, outline).shape
    assert abs(height / width - 2**0.5) < 0.03


def test_around_a_sheet_that_the_picture_cuts_there_is_paper() -> None:
    photo = lying([(160, 90), (900, 150), (900, 900), (90, 820)])
    outline = find_sheet(photo)
    assert outline is not None
    page = straightened(photo, outline)
    assert page.shape == photo.shape
    assert page[:80].min() > 120 and page[930:].min() > 120  # where the table was
    assert page[350:550, 250:450].min() < 40  # where the drawing is


def shaded() -> Pixels:
    """Draw paper with a straight shadow over a third of it."""
    page = np.full((1000, 750, 3), 220, np.uint8)
    page[:, 500:] = 120
    return page


def framed() -> Pixels:
    """Draw paper with a large frame on it."""
    page = Image.new("RGB", (750, 1000), (220, 220, 210))
    ImageDraw.Draw(page).rectangle((60, 80, 700, 930), outline=(20, 20, 20), width=10)
    return np.asarray(page)


@pytest.mark.parametrize(
    "photo", [shaded(), framed(), np.full((1000, 750, 3), 200, np.uint8)], ids=["shadow", "frame", "paper"]
)
def test_what_fills_the_picture_has_no_outline(photo: Pixels) -> None:
    assert find_sheet(photo) is None

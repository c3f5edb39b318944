"""Check that photographs of sketches on paper give the sketches' frames, and clean sketches stay unchanged."""

from __future__ import annotations

import io
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from benchmarks.support.synthetic_paper_photos import WAYS, Way, photographed
from model.preprocessing.images import to_ink
from model.preprocessing.line_drawing import WORKING_SIDE, BlankSketchError, ink_mask
from model.preprocessing.paper.ink import is_plain, sketch_mask
from model.preprocessing.preprocess import Preprocess
from tests.model.preprocessing.test_preprocess import VARIANTS, agreement, draw

preprocess = Preprocess()


def photo(way: Way, sketch: Image.Image | None = None, seed: int = 1) -> Image.Image:
    return Image.open(io.BytesIO(photographed(sketch or draw(), way, seed)))


@pytest.mark.parametrize("way", WAYS)
def test_a_photographed_sketch_gives_the_frame_of_the_sketch(way: str) -> None:
    assert agreement(preprocess.sketch(photo(WAYS[way])), preprocess.sketch(draw()), tolerance=3) > 0.9


@pytest.mark.parametrize("way", WAYS)
def test_nothing_on_paper_is_a_blank_sketch(way: str) -> None:
    with pytest.raises(BlankSketchError, match="blank"):
        preprocess.sketch(photo(WAYS[way], Image.new("L", (256, 256), 255)))


def outlined(image: Image.Image) -> Image.Image:
    """Draw a filled part of another colour, as drawing programs do."""
    coloured = image.convert("RGB")
    ImageDraw.Draw(coloured).rectangle((120, 40, 290, 200), fill=(90, 160, 60), outline="black")
    return coloured


def ruled(page: Image.Image, step: int, colour: str) -> Image.Image:
    """Draw lines from edge to edge, like scanned ruled paper."""
    image = Image.new("RGB", page.size, "white")
    for y in range(step, page.height, step):
        ImageDraw.Draw(image).line([(0, y), (page.width, y)], fill=colour, width=2)
    return Image.fromarray(np.minimum(np.asarray(image), np.asarray(page.convert("RGB"))))


@pytest.mark.parametrize("variant", VARIANTS)
def test_clean_sketches_are_taken_as_they_are(variant: str) -> None:
    image = VARIANTS[variant]()
    assert np.array_equal(sketch_mask(image), ink_mask(to_ink(image, WORKING_SIDE)))


def test_filled_and_soft_sketches_are_clean() -> None:
    for image in (outlined(draw()), ImageOps.invert(outlined(draw())), draw().filter(ImageFilter.GaussianBlur(3))):
        assert is_plain(to_ink(image, WORKING_SIDE))


@pytest.mark.parametrize("way", ["uneven light", "cast shadow", "perspective on a table", "squared paper"])
def test_photographs_are_not_clean(way: str) -> None:
    assert not is_plain(to_ink(photo(WAYS[way]), WORKING_SIDE))


@pytest.mark.parametrize("colour", ["#bcd", "#888"])
def test_the_lines_of_scanned_paper_go_and_the_drawing_stays(colour: str) -> None:
    page = draw(4, width=5, size=(800, 1000))
    assert agreement(preprocess.sketch(ruled(page, 40, colour)), preprocess.sketch(page), tolerance=3) > 0.95


def test_a_drawing_with_many_level_lines_keeps_them() -> None:
    shelf = Image.new("L", (800, 800), 255)
    pen = ImageDraw.Draw(shelf)
    pen.rectangle((150, 100, 650, 700), outline=0, width=5)
    for y in range(160, 700, 60):
        pen.line([(150, y), (650, y)], fill=0, width=5)
    frame = preprocess.sketch(photo(WAYS["uneven light"], shelf))
    assert agreement(frame, preprocess.sketch(shelf), tolerance=3) > 0.95


def test_chalk_on_a_blackboard() -> None:
    size = (900, 900)
    lines = np.asarray(draw(4, width=7, shift=(60, 60), size=size), np.float32) / 255
    light = np.linspace(0.5, 1, size[0], dtype=np.float32)
    noise = np.random.default_rng(4).normal(0, 4, lines.shape)
    board = np.clip((50 + 150 * (1 - lines)) * light + noise, 0, 255).astype(np.uint8)
    assert agreement(preprocess.sketch(Image.fromarray(board)), preprocess.sketch(draw()), tolerance=3) > 0.9


def test_a_stray_mark_and_a_dark_edge_do_not_move_the_frame() -> None:
    page = draw(4, width=5, shift=(100, 100), size=(900, 1100))
    pen = ImageDraw.Draw(page)
    pen.line([(20, 1060), (32, 1066)], fill=0, width=4)
    pen.rectangle((0, 0, 14, 1099), fill=40)
    shaded = np.asarray(page, np.float32) * np.linspace(0.5, 1, 900, dtype=np.float32)
    frame = preprocess.sketch(Image.fromarray(shaded.astype(np.uint8)))
    assert agreement(frame, preprocess.sketch(draw()), tolerance=3) > 0.95


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (9, 9), (40, 3), (64, 64), (1, 700), (4000, 3)])
def test_noise_of_any_size_is_a_sketch_or_blank(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(2).integers(0, 255, (*size, 3)).astype(np.uint8)
    with suppress(BlankSketchError):
        assert preprocess.sketch(Image.fromarray(noise)).shape == (256, 256)

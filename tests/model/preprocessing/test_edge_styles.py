from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from index_builder.datasets.readers.read import read_pairs
from index_builder.training.data.samples import prepare
from model.preprocessing.edge_styles import EDGE_STYLES, contour_lines, draw_styles
from model.preprocessing.frames import BOX, FRAME
from model.preprocessing.images import Pixels
from model.preprocessing.preprocess import Preprocess, PreprocessConfig
from tests.conftest import draw_product
from tests.model.preprocessing.test_preprocess import agreement
from tests.support.shape_pairs import write_shapes

preprocess = Preprocess()
Colour = tuple[int, int, int]


def ellipse(colour: Colour, ground: Colour) -> Image.Image:
    image = Image.new("RGB", (400, 300), ground)
    ImageDraw.Draw(image).ellipse((60, 70, 320, 230), fill=colour)
    return image


def outline() -> Pixels:
    """Return the frame of a sketch of that ellipse."""
    image = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(image).ellipse((60, 70, 320, 230), outline="black", width=2)
    return preprocess.sketch(image)


def framed(style: str, photo: Image.Image) -> Pixels:
    return draw_styles(photo, preprocess, [style])[0]


@pytest.mark.parametrize("style", EDGE_STYLES)
@pytest.mark.parametrize(
    ("colour", "ground"),
    [
        ((150, 40, 90), (255, 255, 255)),
        ((250, 240, 230), (20, 20, 60)),
        ((60, 60, 60), (120, 120, 120)),
        ((0, 80, 200), (200, 0, 0)),
    ],
)
def test_every_style_finds_the_outline(style: str, colour: Colour, ground: Colour) -> None:
    assert agreement(framed(style, ellipse(colour, ground)), outline(), 3) > 0.98


@pytest.mark.parametrize("style", EDGE_STYLES)
@pytest.mark.parametrize("size", [(320, 240), (90, 400), (1500, 700)])
def test_every_style_has_the_format_of_a_frame(style: str, size: tuple[int, int]) -> None:
    frame = framed(style, draw_product(1, size))
    assert frame.shape == (FRAME, FRAME) and frame.dtype == np.uint8 and set(np.unique(frame)) == {0, 255}
    rows, columns = (np.flatnonzero((frame == 0).any(axis)) for axis in (1, 0))
    assert abs(max(np.ptp(rows), np.ptp(columns)) - BOX) <= 6
    assert all(abs((line[0] + line[-1]) / 2 - 127.5) <= 4 for line in (rows, columns))


@pytest.mark.parametrize("style", EDGE_STYLES)
def test_a_blank_photo_has_no_lines(style: str) -> None:
    for colour in ("white", "black", "teal"):
        assert (framed(style, Image.new("RGB", (120, 80), colour)) == 255).all()


def test_a_thin_part_is_one_line_of_the_contours_and_two_of_canny() -> None:
    photo = ellipse((250, 250, 250), (255, 255, 255))
    ImageDraw.Draw(photo).rectangle((60, 145, 320, 149), fill=(60, 60, 60))
    counts = {style: _count_lines_down(framed(style, photo)) for style in ("served", "contours")}
    assert counts == {"served": 2, "contours": 1}


def _count_lines_down(frame: Pixels) -> int:
    """Count the lines that the frame's middle column crosses."""
    ink = frame[:, FRAME // 2] == 0
    return int((np.diff(ink.astype(int)) == 1).sum())


def test_contours_are_one_pixel_wide() -> None:
    lines = contour_lines(np.asarray(ellipse((150, 40, 90), (255, 255, 255))))
    blocks = lines[:-1, :-1] & lines[1:, :-1] & lines[:-1, 1:] & lines[1:, 1:]
    assert set(np.unique(lines)) == {0, 255} and not blocks.any()


def test_a_sample_has_every_style_and_first_what_a_server_sees(tmp_path: Path) -> None:
    folder = read_pairs(write_shapes(tmp_path / "shapes", photos=1))
    whole = Preprocess(PreprocessConfig(size=FRAME))
    (sample,) = prepare(folder, whole).samples
    assert folder.pairs[0].photo is not None
    photo = folder.pairs[0].photo.open()
    assert len(sample.edges) == len(EDGE_STYLES)
    np.testing.assert_array_equal(sample.edges[0].frame, whole.photo(photo))
    for edge, frame in zip(sample.edges, draw_styles(photo, whole), strict=True):
        np.testing.assert_array_equal(edge.frame, frame)

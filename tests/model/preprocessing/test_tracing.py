"""Check that pictures of sketches become strokes with the same search results."""

from __future__ import annotations

import io
import time

import numpy as np
import pytest
from PIL import Image, ImageDraw

from benchmarks.support.synthetic_paper_photos import WAYS, photographed
from model.preprocessing.frames import Mask
from model.preprocessing.line_drawing import BlankSketchError
from model.preprocessing.preprocess import Preprocess
from model.preprocessing.skeleton_paths import paths
from model.preprocessing.tracing import TooManyLinesError, trace_picture, trace_strokes
from tests.conftest import draw_product
from tests.model.preprocessing.test_preprocess import VARIANTS, agreement, draw

preprocess = Preprocess()


def lines(*strokes: list[tuple[int, int]], size: int = 60) -> Mask:
    """Draw one-pixel lines along strokes."""
    image = Image.new("L", (size, size))
    for stroke in strokes:
        ImageDraw.Draw(image).line(stroke, fill=255)
    return np.asarray(image)


def ends(path: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> set[tuple[int, int]]:
    return {(int(x), int(y)) for x, y in (path[0], path[-1])}


@pytest.mark.parametrize("variant", [*VARIANTS, "as drawn"])
def test_strokes_give_the_frame_of_the_picture(variant: str) -> None:
    image = VARIANTS[variant]() if variant in VARIANTS else draw()
    assert agreement(preprocess.strokes(trace_strokes(image).strokes), preprocess.sketch(image)) > 0.95


def test_strokes_of_a_photograph_give_its_frame() -> None:
    photo = Image.open(io.BytesIO(photographed(draw(), WAYS["all together"], 1)))
    tracing = trace_strokes(photo)
    assert agreement(preprocess.strokes(tracing.strokes), preprocess.sketch(photo)) > 0.95
    points = np.concatenate([np.array(stroke) for stroke in tracing.strokes])
    assert (points >= 0).all() and (points <= (tracing.width, tracing.height)).all()
    assert tracing.width < tracing.height <= 1024  # the sheet upright, not the photo


def test_strokes_lie_where_the_lines_are_and_have_few_points() -> None:
    image = Image.new("L", (400, 300), 255)
    ImageDraw.Draw(image).line([(50, 60), (350, 60), (350, 240)], fill=0, width=5)
    tracing = trace_strokes(image)
    assert (tracing.width, tracing.height) == (400, 300)
    [stroke] = tracing.strokes
    assert len(stroke) <= 8
    corners = np.array(sorted(stroke)[:1] + sorted(stroke, key=sum)[-1:])
    assert np.abs(corners - [(50, 60), (350, 240)]).max() < 4


def test_a_blank_picture_has_no_strokes() -> None:
    with pytest.raises(BlankSketchError):
        trace_strokes(Image.new("L", (200, 200), 255))


def test_crossing_lines_go_straight_on() -> None:
    lines_found = paths(lines([(5, 5), (55, 55)], [(5, 55), (55, 5)]), pen=3)
    assert sorted(map(sorted, map(ends, lines_found))) == [[(5, 5), (55, 55)], [(5, 55), (55, 5)]]


def test_a_line_that_ends_on_another_leaves_it_whole() -> None:
    lines_found = paths(lines([(5, 30), (55, 30)], [(30, 30), (30, 55)]), pen=3)
    assert {(5, 30), (55, 30)} in map(ends, lines_found) and len(lines_found) == 2


def test_forks_near_each_other_are_one_crossing() -> None:
    steep, bridge, on = [(25, 5), (29, 30)], [(29, 30), (31, 30)], [(31, 30), (35, 55)]
    level = [(5, 34), (29, 30)], [(31, 30), (55, 26)]
    lines_found = paths(lines(steep, bridge, on, *level), pen=4)
    assert sorted(map(sorted, map(ends, lines_found))) == [[(5, 34), (55, 26)], [(25, 5), (35, 55)]]


def test_a_closed_line_ends_where_it_starts() -> None:
    [path] = paths(lines([(10, 10), (40, 10), (40, 40), (10, 40), (10, 10)]), pen=3)
    assert (path[0] == path[-1]).all() and len(path) == 121


def test_twigs_shorter_than_the_pen_are_no_lines() -> None:
    mask = lines([(5, 30), (55, 30)], [(30, 30), (30, 33)])
    assert len(paths(mask, pen=6)) == 1
    assert len(paths(mask, pen=2)) == 2


def test_a_dot_is_a_path_of_one_point() -> None:
    [path] = paths(lines([(7, 9), (7, 9)]), pen=3)
    assert path.tolist() == [[7, 9]]


def test_every_pixel_of_a_scribble_is_near_a_path() -> None:
    random = np.random.default_rng(3)
    mask = lines(*[[tuple(point) for point in random.integers(2, 58, (4, 2)).tolist()] for _ in range(6)])
    covered = np.zeros(mask.shape, bool)
    for path in paths(mask, pen=2):
        columns, rows = np.rint(path).astype(int).T
        covered[rows, columns] = True
    near = np.asarray(Image.fromarray(covered).convert("L").resize((60, 60)))
    padded = np.pad(near > 0, 2)
    grown = np.max([padded[2 + dy : 62 + dy, 2 + dx : 62 + dx] for dy in (-2, 0, 2) for dx in (-2, 0, 2)], axis=0)
    assert (mask > 0)[~grown].mean() < 0.01


def test_edges_of_a_photo_give_its_frame_and_lie_on_it() -> None:
    photo = draw_product(3, (640, 480))
    tracing = trace_picture(photo, preprocess)
    assert (tracing.kind, tracing.width, tracing.height) == ("photo", 640, 480)
    assert agreement(preprocess.strokes(tracing.strokes), preprocess.photo(photo)) > 0.95
    points = np.concatenate([np.array(stroke) for stroke in tracing.strokes])
    rows, columns = np.nonzero(np.asarray(photo.convert("L")) < 250)
    thing = [columns.min(), rows.min(), columns.max(), rows.max()]
    assert np.abs(np.concatenate([points.min(axis=0), points.max(axis=0)]) - thing).max() < 5


def test_a_picture_of_a_sketch_is_traced_as_one() -> None:
    assert trace_picture(draw(), preprocess) == trace_strokes(draw())


def hatched(count: int) -> Image.Image:
    """Draw a sketch of many long strokes, more than a person draws."""
    image, ends = Image.new("1", (1000, 1000), 1), np.random.default_rng(1).uniform(0, 1000, (count, 4))
    for line in ends:
        ImageDraw.Draw(image).line([float(at) for at in line], fill=0)
    return image


def test_thousands_of_lines_are_refused_before_they_are_traced() -> None:
    image = hatched(2000)
    started = time.process_time()
    with pytest.raises(TooManyLinesError, match=r"too many lines to trace: .* expected at most 60,000 px"):
        trace_strokes(image)
    assert time.process_time() - started < 2.5  # tracing them takes six seconds


def test_a_hundred_long_lines_are_traced() -> None:
    assert len(trace_strokes(hatched(100)).strokes) > 100

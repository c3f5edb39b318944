from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from index_builder.datasets.partial_strokes import first_share
from model.preprocessing.frames import Strokes


def ink(strokes: Strokes) -> float:
    return sum(math.dist(a[:2], b[:2]) for stroke in strokes for a, b in pairwise(stroke))


@pytest.fixture
def strokes() -> Strokes:
    random = np.random.default_rng(4)
    return [random.uniform(0, 256, (count, 2)).tolist() for count in (5, 2, 9, 1, 14)]


def test_the_whole_share_is_the_whole_drawing(strokes: Strokes) -> None:
    assert first_share(strokes, 1) == strokes


@pytest.mark.parametrize("share", [0.01, 0.2, 0.4, 0.5, 0.77, 0.99])
def test_a_share_is_that_much_ink_in_drawing_order(share: float, strokes: Strokes) -> None:
    part = first_share(strokes, share)
    assert ink(part) == pytest.approx(share * ink(strokes))
    *whole, last = part
    assert whole == list(strokes[: len(whole)])
    started = strokes[len(whole)]
    assert last[:-1] == started[: len(last) - 1] and len(last) >= 2


def test_the_cut_lies_between_two_points_with_their_pressure() -> None:
    assert first_share([[[0, 0, 0.2], [10, 0, 0.4]]], 0.25) == [[[0, 0, 0.2], [2.5, 0, pytest.approx(0.25)]]]


def test_a_stroke_that_ends_with_the_share_is_not_followed_by_a_stub() -> None:
    first, second = [[0.0, 0.0], [10.0, 0.0]], [[0.0, 5.0], [10.0, 5.0]]
    assert first_share([first, second], 0.5) == [first]


def test_dots_come_with_what_is_drawn_before_them() -> None:
    dot, line, late = [[3.0, 3.0]], [[0.0, 0.0], [0.0, 0.0], [10.0, 0.0]], [[9.0, 9.0]]
    assert first_share([dot, line, late], 0.5) == [dot, [[0, 0], [0, 0], [5, 0]]]
    assert first_share([dot, late], 0.5) == [dot, late]


@pytest.mark.parametrize("share", [0, -0.1, 1.01, math.nan])
def test_other_shares_are_refused(share: float, strokes: Strokes) -> None:
    with pytest.raises(ValueError, match=r"share of the ink is .*, expected more than 0 and at most 1"):
        first_share(strokes, share)

from __future__ import annotations

import cv2
import numpy as np

from index_builder.training.data.line_segments import MAX_PIECES, segment_lines
from model.preprocessing.images import Pixels


def frame(*lines: tuple[tuple[int, int], tuple[int, int]]) -> Pixels:
    canvas = np.full((128, 128), 255, np.uint8)
    for start, end in lines:
        cv2.line(canvas, start, end, 0, 2)
    return canvas


def test_lines_that_do_not_touch_are_pieces_of_their_own() -> None:
    pieces = segment_lines(frame(((10, 20), (30, 20)), ((10, 100), (30, 100))))
    assert pieces.shape == (128, 128) and pieces.dtype == np.uint8
    assert pieces[20, 20] != pieces[100, 20]
    assert pieces[5, 20] == pieces[20, 20] and pieces[127, 20] == pieces[100, 20]  # ground goes with the nearest line


def test_a_long_line_is_cut_and_a_short_one_is_not() -> None:
    assert len(np.unique(segment_lines(frame(((2, 60), (126, 60)))))) > 2
    assert len(np.unique(segment_lines(frame(((40, 50), (60, 50)))))) == 1


def test_lines_are_cut_where_they_cross() -> None:
    pieces = segment_lines(frame(((40, 54), (68, 54)), ((54, 40), (54, 68))))
    assert len({int(pieces[54, 44]), int(pieces[54, 65]), int(pieces[44, 54]), int(pieces[65, 54])}) == 4


def test_an_empty_frame_and_a_crowded_one_have_pieces_too() -> None:
    assert not segment_lines(frame()).any()
    crowded = frame(*(((x, y), (x + 2, y)) for x in range(2, 120, 6) for y in range(2, 120, 6)))
    assert len(np.unique(segment_lines(crowded))) > MAX_PIECES // 2

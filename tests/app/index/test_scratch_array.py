"""Tests of large arrays in files, and of parts that are joined there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.index import scratch_array
from app.index.part import Part, join
from app.index.scratch_array import allocate_array
from app.index.segment import Segment
from tests.support.small_galleries import DIM, small_checkpoint, vectors


@pytest.fixture(autouse=True)
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch_array, "_LARGE", 1)


def test_large_arrays_lie_in_files_that_leave_nothing_behind(tmp_path: Path) -> None:
    array = allocate_array((5, DIM), tmp_path / "index")
    assert isinstance(array, np.memmap) and array.shape == (5, DIM)
    array[:] = 3
    assert (array == 3).all() and list((tmp_path / "index").iterdir()) == []


def test_where_no_file_can_be_they_lie_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for folder in (None, tmp_path / "file"):
        assert not isinstance(allocate_array((5, DIM), folder), np.memmap)


def test_parts_are_joined_there_without_their_dead_rows(tmp_path: Path) -> None:
    distance, photos = small_checkpoint().network.distance, vectors(30)
    parts = [
        Part.whole(Segment(photos[start : start + 10], np.arange(start, start + 10), None, distance)).without(
            np.array([start + 3])
        )
        for start in (0, 10, 20)
    ]
    joined = join(parts, tmp_path)
    live = [row for row in range(30) if row % 10 != 3]
    assert isinstance(joined.segment.embeddings, np.memmap) and joined.segment.revisions.tolist() == live
    np.testing.assert_array_equal(joined.segment.embeddings, photos[live])

"""Tests that rows of arrays in memory and in files are gathered in order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.index.mmap_prefetch import gather_rows, prefetch_rows


@pytest.mark.parametrize("shape", [(5000, 33), (5000,), (1, 3)])
def test_rows_of_memory_and_of_files_are_the_same(shape: tuple[int, ...], tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    array = random.standard_normal(shape).astype(np.float32)
    np.save(tmp_path / "array.npy", array)
    mapped = np.load(tmp_path / "array.npy", mmap_mode="r")  # rows may begin anywhere in a page
    rows = random.integers(len(array), size=300)
    for source in (array, mapped, mapped[len(array) // 2 :]):
        chosen = rows % len(source)
        assert np.array_equal(gather_rows(source, chosen), np.asarray(source)[chosen])
    assert gather_rows(mapped, rows[:0]).shape == (0, *shape[1:])


def test_ranges_are_asked_for_one_by_one_where_the_system_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr("app.index.mmap_prefetch._process_madvise", lambda *_: -1)
    monkeypatch.setattr("app.index.mmap_prefetch._madvise", lambda begin, length, _: asked.append((begin, length)))
    np.save(tmp_path / "array.npy", np.zeros((50, 2048), np.float32))
    mapped = np.load(tmp_path / "array.npy", mmap_mode="r")
    prefetch_rows(mapped, np.array([40, 3, 40]))
    starts = [mapped[row : row + 1].ctypes.data for row in (3, 40)]
    covered = zip(asked, starts, strict=True)
    assert all(begin <= start and begin + length >= start + 8192 for (begin, length), start in covered)


def test_nothing_is_asked_for_where_there_is_nothing() -> None:
    nothing = np.zeros((0, 4), np.float32)
    prefetch_rows(nothing, np.zeros(0, np.int64))
    assert gather_rows(nothing, np.zeros(0, np.int64)).shape == (0, 4)

"""Tests of how the files of an index are written and opened."""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
import pytest

from app.gallery.local_index.index_store import open_faiss, save_faiss
from app.index.exact_scan import read_flat_keys

_KEYS = np.random.default_rng(3).standard_normal((50, 17)).astype(np.float32)


def _make_index() -> faiss.IndexFlatIP:
    index = faiss.IndexFlatIP(17)
    index.add(_KEYS)
    return index


def test_keys_of_a_file_are_aligned(tmp_path: Path) -> None:
    save_faiss(tmp_path / "index", _make_index())
    index = open_faiss(tmp_path / "index")
    keys = read_flat_keys(index)
    assert keys is not None and np.array_equal(keys, _KEYS)
    assert keys.ctypes.data % 64 == 0


def test_files_of_earlier_versions_are_opened_unless_their_keys_are_scanned(tmp_path: Path) -> None:
    graph = faiss.IndexHNSWFlat(17, 4)
    graph.add(_KEYS)
    faiss.write_index(graph, str(tmp_path / "graph"))
    assert open_faiss(tmp_path / "graph").search(_KEYS[:1], 1)[1] == 0
    faiss.write_index(_make_index(), str(tmp_path / "flat"))
    with pytest.raises(ValueError, match="not aligned"):  # so it is made anew
        open_faiss(tmp_path / "flat")


def test_a_full_disk_is_reported() -> None:
    with pytest.raises(OSError, match="No space left on device"):
        save_faiss(Path("/dev/full"), _make_index())

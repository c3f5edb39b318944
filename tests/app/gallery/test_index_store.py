"""Tests of how the files of an index are written and opened."""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
import pytest

from app.gallery.index_store import _open_faiss, _save_faiss
from app.index.exact_scan import read_flat_keys

_KEYS = np.random.default_rng(3).standard_normal((50, 17)).astype(np.float32)


def _make_index() -> faiss.IndexFlatIP:
    index = faiss.IndexFlatIP(17)
    index.add(_KEYS)
    return index


def test_keys_of_a_file_are_aligned(tmp_path: Path) -> None:
    _save_faiss(tmp_path / "index", _make_index())
    index = _open_faiss(tmp_path / "index")
    keys = read_flat_keys(index)
    assert keys is not None and np.array_equal(keys, _KEYS)
    assert keys.ctypes.data % 64 == 0


def test_a_file_of_an_earlier_version_is_opened(tmp_path: Path) -> None:
    faiss.write_index(_make_index(), str(tmp_path / "index"))
    index = _open_faiss(tmp_path / "index")
    keys = read_flat_keys(index)
    assert keys is not None and np.array_equal(keys, _KEYS)


def test_a_full_disk_is_reported() -> None:
    with pytest.raises(OSError, match="No space left on device"):
        _save_faiss(Path("/dev/full"), _make_index())

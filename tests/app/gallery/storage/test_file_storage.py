"""Tests that every storage of files does the same: a folder, and a bucket of a real server."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest

from app.gallery.storage.file_storage import FileStorage

SOON = time.time() + 3600.0


def test_files_are_read_as_they_were_written(files: FileStorage, tmp_path: Path) -> None:
    assert files.missing(["a.webp"]) == {"a.webp"} and list(files.names()) == []
    files.write({"a.thumb.webp": b"small", "a.webp": b"large"})
    files.write({"b.webp": b""})
    assert (files.read("a.webp"), files.read("a.thumb.webp"), files.read("b.webp")) == (b"large", b"small", b"")
    assert sorted(files.names()) == ["a.thumb.webp", "a.webp", "b.webp"]
    assert files.missing(["a.webp", "c.webp", "a.thumb.webp", "a.web"]) == {"c.webp", "a.web"}
    files.write({"a.webp": b"again"})
    assert files.read("a.webp") == b"again"
    files.check()
    assert files.is_up
    path = files.path("a.webp")
    assert path is None or path.read_bytes() == b"again"
    with pytest.raises(FileNotFoundError):
        files.read("c.webp")


def test_a_touch_makes_files_young(files: FileStorage) -> None:
    files.write({"a.webp": b"a", "b.webp": b"b"})
    time.sleep(1.1)  # buckets know seconds
    moment = time.time() - 0.05
    assert files.touch(["a.webp", "gone.webp"]) == {}
    assert list(files.older_than(math.floor(moment))) == ["b.webp"] and files.read("a.webp") == b"a"
    assert sorted(files.older_than(SOON)) == ["a.webp", "b.webp"] and files.missing(["gone.webp"])


def test_only_old_files_are_removed(files: FileStorage) -> None:
    files.write({"a.webp": b"a", "b.webp": b"b", "c.webp": b"c"})
    files.condemn(["a.webp", "b.webp", "none.webp"], time.time() - 60)()
    assert not files.missing(["a.webp", "b.webp", "c.webp"])
    files.condemn(["a.webp", "b.webp", "none.webp"], SOON)()
    assert files.missing(["a.webp", "b.webp", "c.webp"]) == {"a.webp", "b.webp"} and list(files.names()) == ["c.webp"]
    files.write({"a.webp": b"new"})
    assert not files.missing(["a.webp"]) and files.read("a.webp") == b"new"
    assert sorted(files.older_than(SOON)) == ["a.webp", "c.webp"]


def test_a_condemned_file_is_no_longer_one_that_a_product_may_have(files: FileStorage) -> None:
    """Between the two steps of a removal, writers find the file missing, or are told to come again."""
    files.write({"a.webp": b"a"})
    remove = files.condemn(["a.webp"], math.inf)
    try:
        assert files.missing(["a.webp"]) == {"a.webp"}
    except OSError as error:
        assert "a.webp is being removed" in str(error) and "try again later" in str(error)
    remove()
    assert files.missing(["a.webp"]) == {"a.webp"}

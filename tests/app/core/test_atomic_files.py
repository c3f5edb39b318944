"""Atomic writes of files."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest

from app.core.atomic_files import sha256_of, write_atomically, write_files


def test_a_file_is_replaced_and_forced_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, synced, fsync = tmp_path / "a.json", list[bool](), os.fsync

    def record(descriptor: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    path.write_text("old")
    sha256 = write_atomically(path, lambda partial: partial.write_text("new"))
    assert path.read_text() == "new" and synced == [False, True]  # the file, then its folder
    assert sha256 == sha256_of(path) == hashlib.sha256(b"new").hexdigest()
    assert [*tmp_path.iterdir()] == [path]


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")

    def fail(partial: Path) -> None:
        assert partial.parent == tmp_path and partial.suffix == ".partial"
        partial.write_text("half")
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        write_atomically(path, fail)
    assert path.read_text() == "old" and [*tmp_path.iterdir()] == [path]


def test_files_are_forced_to_disk_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced, fsync = list[bool](), os.fsync

    def record(descriptor: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    write_files(tmp_path, {"a": b"first", "b": b"second"})
    assert synced == [False, False, True]  # the files, then their folder
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"first", "b": b"second"}

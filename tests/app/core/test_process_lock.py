"""Locks of files between processes."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from app.core.process_lock import LockHeldError, process_lock


def test_a_lock_that_is_held_is_refused_with_the_name_of_the_work(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with process_lock(lock, blocking=False):
        with pytest.raises(LockHeldError, match="another process is busy with re-embedding x: wait until it has ended"):
            enter(lock, work="re-embedding x")
        with pytest.raises(LockHeldError, match=f"another process is busy with {lock}"):
            enter(lock)
    enter(lock)


def test_a_blocking_lock_waits_for_the_holder(tmp_path: Path) -> None:
    lock, entered = tmp_path / "lock", threading.Event()

    def wait() -> None:
        with process_lock(lock, blocking=True):
            entered.set()

    with process_lock(lock, blocking=True):
        waiter = threading.Thread(target=wait)
        waiter.start()
        assert not entered.wait(0.2)
    waiter.join(10)
    assert entered.is_set()


def test_a_lock_leaves_its_file_as_it_was(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with pytest.raises(FileNotFoundError), process_lock(lock, blocking=False, create=False):
        pass
    assert not lock.exists()
    lock.write_text("content")
    for create in (False, True):
        with process_lock(lock, blocking=False, create=create):
            assert lock.read_text() == "content"


def enter(lock: Path, work: str | None = None) -> None:
    """Take a lock and release it."""
    with process_lock(lock, blocking=False, work=work):
        pass

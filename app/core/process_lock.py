"""Locks of files between processes. A lock ends with its process, even when that is killed."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


class LockHeldError(ValueError):
    """A lock that another process holds."""


@contextmanager
def process_lock(path: Path, *, blocking: bool, create: bool = True, work: str | None = None) -> Iterator[None]:
    """Hold the exclusive lock of a file in the block.

    `blocking` waits for another holder. `create` makes a missing file. `work` names the locked work in the error.
    Raises LockHeldError if the lock is held and `blocking` is false. Raises FileNotFoundError if `create` is false and
    the file is missing.
    """
    with path.open("ab" if create else "rb+") as file:  # a network file system locks only files opened for writing
        try:
            lock_open_file(file, blocking=blocking)
        except BlockingIOError:
            raise LockHeldError(f"another process is busy with {work or path}: wait until it has ended") from None
        yield


def lock_open_file(file: IO[Any], *, blocking: bool) -> None:
    """Take the exclusive lock of an open file until it is closed. Raises BlockingIOError if it is held."""
    fcntl.flock(file, fcntl.LOCK_EX if blocking else fcntl.LOCK_EX | fcntl.LOCK_NB)

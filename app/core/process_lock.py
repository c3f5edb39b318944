"""Work that only one process at a time may be at. The lock ends with the process, however that ends."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class InUse(ValueError):
    """Another process is at it."""


@contextmanager
def only_one(path: Path, work: str) -> Iterator[None]:
    """Have no other process in a block of this lock file. Raises InUse, naming the work, when one is already."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(f"another process is at {work}: expected to be the only one, so wait for it") from None
        yield

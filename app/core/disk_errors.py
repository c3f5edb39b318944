"""Errors of a disk that is full or otherwise rejects writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class StorageError(Exception):
    """A write that the disk rejected; the message says why. A database raises SQLAlchemyError instead."""


@contextmanager
def translate_disk_errors() -> Iterator[None]:
    """Raise the block's OSError as a StorageError."""
    try:
        yield
    except OSError as error:
        raise StorageError(error.strerror or str(error)) from error

"""Errors of a disk that takes no more data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class StorageError(Exception):
    """The disk does not take a change; the message tells why. A database that does not raises SQLAlchemyError."""


@contextmanager
def translate_disk_errors() -> Iterator[None]:
    """For what is to be on the disk afterwards. Raises NotStored where the disk does not take it."""
    try:
        yield
    except OSError as error:
        raise StorageError(error.strerror or str(error)) from error

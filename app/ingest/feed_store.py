"""Uploaded feeds, each a file in the gallery until its import is over.

A process that works on a file holds a lock on it, which ends with the process, however that ends.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.exc import SQLAlchemyError

from app.catalogue.import_jobs import ImportJob, ImportJobs, new_id
from app.core.atomic_files import check_space, write_atomically
from app.core.process_lock import LockHeldError, lock_open_file, process_lock


class FeedStore:
    """A folder of feeds, with the operations that are recorded of them. Safe to use from many threads and processes."""

    def __init__(self, folder: Path, operations: ImportJobs) -> None:
        self._folder, self._operations = folder, operations
        self.is_swept = False  # whether no file is left that nobody needs, as far as is known

    def add(self, feed: BinaryIO) -> ImportJob:
        """Store a feed and record its import, or leave nothing of it. Raises OSError and SQLAlchemyError."""
        operation_id = new_id()
        path = self.path(operation_id)
        self._folder.mkdir(exist_ok=True)
        with ExitStack() as held:  # the lock on the file, until its import is recorded
            write_atomically(path, lambda partial: _copy(feed, held.enter_context(partial.open("wb"))))
            try:
                return self._operations.add(operation_id)
            except BaseException:
                self.is_swept = False  # a database that is away cannot tell yet whether it has the record
                with suppress(OSError, SQLAlchemyError):
                    self._remove_unless_wanted(path)
                raise

    def path(self, operation_id: str) -> Path:
        """The file of an operation's feed."""
        return self._folder / f"{operation_id}.feed"

    def check_space(self) -> None:
        """Raise OSError when an import would take the last of the disk."""
        check_space(self._folder)

    def sweep(self) -> None:
        """Remove feeds that a process which ended at the wrong moment has left: done, or never accepted."""
        self.is_swept = True
        for path in filter(Path.is_file, self._folder.glob("*")):
            with locked(path) as is_ours:
                if is_ours:
                    self._remove_unless_wanted(path)

    def _remove_unless_wanted(self, path: Path) -> None:
        """Remove a feed, whole or not, that is not going to be imported; the caller holds its lock."""
        operation = self._operations.get(path.stem)
        if operation is None or operation.is_over:
            path.unlink(missing_ok=True)


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Try to hold a feed's lock in the block; tell whether it is held. It is not if the file has been removed."""
    with ExitStack() as stack:
        try:
            stack.enter_context(process_lock(path, blocking=False, create=False))
            is_ours = True
        except (LockHeldError, FileNotFoundError):
            is_ours = False
        yield is_ours


def _copy(feed: BinaryIO, file: BinaryIO) -> None:
    """Fill a file of the gallery, locked from now on, unless that would fill its disk. Raises OSError."""
    lock_open_file(file, blocking=True)
    feed.seek(0, os.SEEK_END)
    check_space(Path(file.name).parent, 2 * feed.tell())  # its products take space, too
    feed.seek(0)
    shutil.copyfileobj(feed, file, 2**20)
    file.flush()

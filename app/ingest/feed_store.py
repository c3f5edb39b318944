"""Uploaded feeds, stored as files in the gallery until their import is over.

A process that works on a file holds an flock on it. The system releases the lock when the process ends or crashes.
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
from app.catalogue.import_options import ImportOptions
from app.core.atomic_files import check_space, write_atomically
from app.core.process_lock import LockHeldError, lock_open_file, process_lock


class FeedStore:
    """Folder of feeds, and the records of their imports. Safe to use from many threads and processes."""

    def __init__(self, folder: Path, jobs: ImportJobs) -> None:
        self._folder, self._jobs = folder, jobs
        self.is_swept = False  # False while the folder may hold files that no import needs

    def add(self, feed: BinaryIO, options: ImportOptions = ImportOptions()) -> ImportJob:
        """Store a feed and record its import. If either fails, remove the file again.

        Raises OSError and SQLAlchemyError.
        """
        job_id = new_id()
        path = self.path(job_id)
        self._folder.mkdir(exist_ok=True)
        with ExitStack() as stack:  # holds the lock on the file until its import is recorded
            write_atomically(path, lambda partial: _copy(feed, stack.enter_context(partial.open("wb"))))
            try:
                return self._jobs.add(job_id, options)
            except BaseException:
                self.is_swept = False  # an unreachable database cannot tell yet whether it has the record
                with suppress(OSError, SQLAlchemyError):
                    self._remove_unless_needed(path)
                raise

    def path(self, job_id: str) -> Path:
        """Return the path of the feed of an import."""
        return self._folder / f"{job_id}.feed"

    def check_space(self) -> None:
        """Check that the disk has space left for an import. Raises OSError."""
        check_space(self._folder)

    def sweep(self) -> None:
        """Remove feeds that a crashed process left behind: already imported, or never recorded."""
        self.is_swept = True
        for path in filter(Path.is_file, self._folder.glob("*")):
            with locked(path) as is_ours:
                if is_ours:
                    self._remove_unless_needed(path)

    def _remove_unless_needed(self, path: Path) -> None:
        """Remove a complete or partial feed unless its import is pending. The caller holds its lock."""
        job = self._jobs.get(path.stem)
        if job is None or job.is_over:
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
    check_space(Path(file.name).parent, 2 * feed.tell())  # twice, because its products need space too
    feed.seek(0)
    shutil.copyfileobj(feed, file, 2**20)
    file.flush()

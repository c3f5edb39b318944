"""Feeds that were uploaded, imported one after the other beside the searches of this process.

A feed lies in the gallery until its import is over. Whoever imports it holds a lock on its file, which ends with the
process, however that ends: the next process, or another one on the same gallery, goes on where it was.
"""

from __future__ import annotations

import fcntl
import itertools
import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.exc import SQLAlchemyError

from app.benches import NotDecoded
from app.catalogue import Catalogue, CheckpointMismatch
from app.counts import Counts
from app.feeds.items import FeedError, FeedItem, FeedProblem
from app.feeds.photos import LinkedPhotos, Stopped
from app.feeds.read import read_feed
from app.files import write_whole
from app.ingest import Ingest
from app.operations import MOST_ERRORS, Operation, Operations, State, new_id

FOLDER = "imports"  # in a gallery

_EVERY = 1.0  # s between looks for what other processes have left
_TELL = 0.5  # s between notes of progress
_AGAIN = 10.0  # s before an import is tried again that the disk or the database has stopped
_ABANDONED = 3600.0  # s after which an upload is not going on any more
_NICE = 10  # how far an import stands back behind searches
_log = logging.getLogger(__name__)


class Importer:
    """A thread that imports what submit() was given, and what other processes left unfinished, until close()."""

    def __init__(self, gallery: Path, catalogue: Catalogue, ingest: Ingest, allow_private: bool) -> None:
        self._gallery, self._folder = gallery, gallery / FOLDER
        self._catalogue, self._operations, self._ingest = catalogue, catalogue.operations, ingest
        self._allow_private = allow_private
        self._stopping, self._woken = threading.Event(), threading.Event()
        self._photos: LinkedPhotos | None = None  # of the import at hand
        self._thread = threading.Thread(target=self._work, name="import", daemon=True)
        self._thread.start()

    def submit(self, feed: BinaryIO) -> Operation:
        """Take a feed: once this returns, it will be imported whatever happens. Raises OSError, SQLAlchemyError."""
        operation_id = new_id()
        self._folder.mkdir(exist_ok=True)
        write_whole(self._file(operation_id), lambda path: _copy(feed, path))
        operation = self._operations.add(operation_id)
        self._woken.set()
        return operation

    def stop(self) -> None:
        """Have the import at hand end soon; what is not done is done by whoever is next."""
        self._stopping.set()
        self._woken.set()
        if self._photos is not None:
            self._photos.stop()

    def close(self) -> None:
        """Stop, and wait until the thread has ended."""
        self.stop()
        self._thread.join()

    def _file(self, operation_id: str) -> Path:
        return self._folder / f"{operation_id}.feed"

    def _work(self) -> None:
        _stand_back()
        is_swept = False
        while not self._stopping.is_set():
            pause = _EVERY
            try:
                if not is_swept:
                    self._sweep()
                is_swept = True
                while not self._stopping.is_set() and self._next():
                    pass
            except (Stopped, CheckpointMismatch):
                return
            except Exception as error:  # of the disk or the database, most likely
                if self._stopping.is_set():
                    return
                _log.warning("imports have to wait: %r", error)
                pause = _AGAIN
            self._woken.wait(pause)
            self._woken.clear()

    def _next(self) -> bool:
        """Do the oldest import that nobody else is at; returns whether there was one."""
        for operation in self._operations.unfinished():
            path = self._file(operation.id)
            if not path.is_file():
                continue  # of another machine's gallery directory
            with _locked(path) as is_ours:
                if not is_ours:
                    return False  # imports are done in order, so that an older feed never overwrites a newer one
                current = self._operations.get_existing(operation.id)
                if not current.is_over:
                    self._import(current, path)
                path.unlink(missing_ok=True)
                return True
        return False

    def _import(self, operation: Operation, path: Path) -> None:
        """Import a feed from where it was left, and record the outcome.

        Raises Stopped, CheckpointMismatch (whoever serves the new checkpoint goes on), NotDecoded, OSError and
        SQLAlchemyError.
        """
        progress = _Progress(self._operations, operation)
        try:
            # the whole feed is read before anything is written
            progress.total = sum(1 for _ in self._until_stopped(read_feed(path)))
            progress.note("running")
            items = itertools.islice(read_feed(path), operation.counts.done, None)
            with closing(LinkedPhotos(None, self._gallery, self._allow_private)) as self._photos:
                self._ingest.run(self._until_stopped(items), self._photos, progress.problem, progress.step)
            progress.note("done")
        except FeedError as error:
            progress.note("failed", str(error))
        except (Stopped, CheckpointMismatch, NotDecoded, OSError, SQLAlchemyError) as error:
            is_brief = isinstance(error, (Stopped, CheckpointMismatch)) or self._stopping.is_set()
            progress.note("queued", None if is_brief else str(error).partition("\n")[0])
            raise
        except Exception:  # a fault of ours; trying again would not mend it
            _log.exception("import %s failed", operation.id)
            progress.note("failed", "the server failed on this feed: it is logged there")

    def _sweep(self) -> None:
        """Remove feeds that a process which ended at the wrong moment has left: done, or never accepted."""
        for path in self._folder.glob("*"):
            operation = self._operations.get(path.stem)
            with suppress(FileNotFoundError):
                if operation.is_over if operation else time.time() - path.stat().st_mtime > _ABANDONED:
                    path.unlink()

    def _until_stopped(self, items: Iterator[FeedItem | FeedProblem]) -> Iterator[FeedItem | FeedProblem]:
        for item in items:
            if self._stopping.is_set():
                raise Stopped
            yield item


class _Progress:
    """How far an import has come, noted in the database now and then."""

    def __init__(self, operations: Operations, operation: Operation) -> None:
        self._operations, self._id = operations, operation.id
        self._before, self._counts, self._errors = operation.counts, operation.counts, list(operation.errors)
        self._told = 0.0
        self.total = operation.total

    def problem(self, problem: FeedProblem) -> None:
        """Keep a problem, if it is among the first."""
        if len(self._errors) < MOST_ERRORS:
            self._errors.append(problem)

    def step(self, counts: Counts) -> None:
        """Something more is in the catalogue."""
        self._counts = self._before + counts
        if time.monotonic() - self._told >= _TELL:
            self.note("running")

    def note(self, state: State, message: str | None = None) -> None:
        """Record it now."""
        self._told = time.monotonic()
        errors = self._errors[: self._counts.problems]  # those found ahead are found again when this is gone on with
        self._operations.note(self._id, state, message, total=self.total, counts=self._counts, errors=errors)


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Whether this process alone has the file; until the block ends, no other one gets it."""
    try:
        file = path.open("rb")
    except FileNotFoundError:  # whoever had it is done
        yield False
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _copy(feed: BinaryIO, path: Path) -> None:
    with path.open("wb") as file:
        shutil.copyfileobj(feed, file, 2**20)


def _stand_back() -> None:
    """Have this thread, and those that it starts, computed after all others where the system can tell them apart."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)

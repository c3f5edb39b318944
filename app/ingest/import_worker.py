"""Feeds that were uploaded, imported one after the other beside the searches of this process.

Whoever imports a feed holds a lock on its file, which ends with the process, however that ends: the next process, or
another one on the same gallery, goes on where it was.
"""

from __future__ import annotations

import itertools
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.exc import SQLAlchemyError

from app.catalogue.catalogue import Catalogue
from app.catalogue.import_jobs import FeedProblem, ImportJob
from app.database.errors import CheckpointMismatchError
from app.decoding.worker_pool import DecoderUnavailableError
from app.feeds.reader import read_feed
from app.feeds.records import FeedError, FeedItem
from app.gallery.layout import IMPORTS
from app.ingest.feed_store import FeedStore, locked
from app.ingest.import_progress import ImportProgress
from app.ingest.pipeline import Ingest
from app.photo_fetch.http_fetcher import FetchStoppedError
from app.photo_fetch.linked_photos import LinkedPhotos

_EVERY = 1.0  # s between looks for what other processes have left
_RETRY_SECONDS = 10.0  # s before an import is tried again that the disk or the database has stopped
_NICE = 10  # how far an import stands back behind searches
_log = logging.getLogger(__name__)


class ImportWorker:
    """A thread that imports what submit() was given, and what other processes left unfinished, until close()."""

    def __init__(self, gallery: Path, catalogue: Catalogue, ingest: Ingest, *, allow_private: bool) -> None:
        self._gallery, self._operations, self._ingest = gallery, catalogue.operations, ingest
        self._feeds = FeedStore(gallery / IMPORTS, catalogue.operations)
        self._allow_private = allow_private
        self._stopping, self._woken = threading.Event(), threading.Event()
        self._photos: LinkedPhotos | None = None  # of the import at hand
        self._thread = threading.Thread(target=self._work, name="import", daemon=True)
        self._thread.start()

    def submit(self, feed: BinaryIO) -> ImportJob:
        """Take a feed: once this returns, it will be imported whatever happens, and else nothing of it stays.

        Raises OSError and SQLAlchemyError.
        """
        operation = self._feeds.add(feed)
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

    def _work(self) -> None:
        _stand_back()
        while not self._stopping.is_set():
            pause = _EVERY
            try:
                if not self._feeds.is_swept:
                    self._feeds.sweep()
                while not self._stopping.is_set() and self._next():
                    pass
            except (FetchStoppedError, CheckpointMismatchError):
                return
            except Exception as error:  # of the disk or the database, most likely
                if self._stopping.is_set():
                    return
                _log.warning("imports have to wait: %r", error)
                self._feeds.is_swept = False
                pause = _RETRY_SECONDS
            self._woken.wait(pause)
            self._woken.clear()

    def _next(self) -> bool:
        """Do the oldest import that nobody else is at; returns whether there was one."""
        for operation in self._operations.unfinished():
            path = self._feeds.path(operation.id)
            if not path.is_file():
                continue  # of another machine's gallery directory
            with locked(path) as is_ours:
                if not is_ours:
                    return False  # imports are done in order, so that an older feed never overwrites a newer one
                current = self._operations.get_existing(operation.id)
                if not current.is_over:
                    self._import(current, path)
                path.unlink(missing_ok=True)
                return True
        return False

    def _import(self, operation: ImportJob, path: Path) -> None:
        """Import a feed from where it was left, and record the outcome.

        Raises Stopped, CheckpointMismatch (whoever serves the new checkpoint goes on), NotDecoded, OSError and
        SQLAlchemyError.
        """
        progress = ImportProgress(self._operations, operation)
        try:
            # the whole feed is read before anything is written
            progress.begin(sum(1 for _ in self._raise_if_stopped(read_feed(path))))
            items = itertools.islice(read_feed(path), operation.counts.done, None)
            with closing(LinkedPhotos(None, self._gallery, allow_private=self._allow_private)) as self._photos:
                self._ingest.run(self._raise_if_stopped(items), self._photos, progress.problem, progress.step)
            progress.finish()
        except FeedError as error:
            progress.fail(str(error))
        except (FetchStoppedError, CheckpointMismatchError, DecoderUnavailableError, OSError, SQLAlchemyError) as error:
            is_brief = isinstance(error, (FetchStoppedError, CheckpointMismatchError)) or self._stopping.is_set()
            progress.note("queued", None if is_brief else str(error).partition("\n")[0])
            raise
        except Exception:  # a fault of ours; trying again would not mend it
            _log.exception("import %s failed", operation.id)
            progress.fail("the server failed on this feed: it is logged there")

    def _raise_if_stopped(self, items: Iterator[FeedItem | FeedProblem]) -> Iterator[FeedItem | FeedProblem]:
        for item in items:
            if self._stopping.is_set():
                raise FetchStoppedError
            self._feeds.check_space()
            yield item


def _stand_back() -> None:
    """Have this thread, and those that it starts, computed after all others where the system can tell them apart."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)

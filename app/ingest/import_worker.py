"""Background import of uploaded feeds, one after the other, at a lower priority than searches.

The importing process holds a lock on the feed's file. If it ends early, another process on the gallery, or the next
one, resumes the import.
"""

from __future__ import annotations

import itertools
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from app.catalogue.catalogue import Catalogue
from app.catalogue.import_jobs import ImportJob
from app.catalogue.import_options import ImportOptions
from app.database.errors import CheckpointMismatchError
from app.decoding.worker_pool import DecoderUnavailableError
from app.feeds.reader import read_feed, read_feed_texts
from app.feeds.records import FeedError
from app.gallery.layout import IMPORTS
from app.ingest.complete_feed import RemovalRefusedError, find_missing
from app.ingest.dry_run import check_items
from app.ingest.feed_store import FeedStore, locked
from app.ingest.import_progress import ImportCancelledError, ImportProgress
from app.ingest.pipeline import Ingest
from app.ingest.texts.text_import import import_texts
from app.observability.metrics import Metrics
from app.photo_fetch.http_fetcher import FetchStoppedError
from app.photo_fetch.linked_photos import LinkedPhotos

_POLL_INTERVAL = 1.0  # s between checks for imports that other processes left
_RETRY_SECONDS = 10.0  # after an error of the disk or the database
_NICE = 10  # of the import thread: below searches
_Item = TypeVar("_Item")
_log = logging.getLogger(__name__)


class ImportWorker:
    """Thread that imports submitted feeds, and those that other processes left, from start() to close()."""

    def __init__(
        self,
        gallery: Path,
        catalogue: Catalogue,
        ingest: Ingest,
        metrics: Metrics,
        on_end: Callable[[ImportJob], object] = lambda job: None,
        *,
        allow_private: bool,
    ) -> None:
        self._gallery, self._catalogue, self._ingest = gallery, catalogue, ingest
        self._jobs, self._metrics = catalogue.operations, metrics
        self._on_end = on_end  # called with each import that has ended here
        self._feeds = FeedStore(gallery / IMPORTS, catalogue.operations)
        self._allow_private = allow_private
        self._stopping, self._wake = threading.Event(), threading.Event()
        self._photos: LinkedPhotos | None = None  # of the current import
        self._thread = threading.Thread(target=self._work, name="import", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def submit(self, feed: BinaryIO, options: ImportOptions = ImportOptions()) -> ImportJob:
        """Queue the import of a feed. Once this returns, the import survives a crash.

        Raises OSError and SQLAlchemyError; the feed is then not stored.
        """
        job = self._feeds.add(feed, options)
        self._wake.set()
        return job

    def cancel(self, job_id: str) -> None:
        """Cancel an import that is not over. What it has written stays. Raises SQLAlchemyError."""
        if self._jobs.cancel(job_id):
            self._feeds.is_swept = False  # so that the feed of a queued import is removed
            self._wake.set()

    def stop(self) -> None:
        """Interrupt the current import within seconds. The next process resumes it."""
        self._stopping.set()
        self._wake.set()
        if self._photos is not None:
            self._photos.stop()

    def close(self) -> None:
        """Stop, and wait until the thread ends."""
        self.stop()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        """Import feeds until stopped, or until the catalogue belongs to another checkpoint."""
        _lower_priority()
        while not self._stopping.is_set():
            pause = _POLL_INTERVAL
            try:
                if not self._feeds.is_swept:
                    self._feeds.sweep()
                while not self._stopping.is_set() and self._import_next():
                    pass
            except (FetchStoppedError, CheckpointMismatchError):
                return
            except Exception as error:  # most likely of the disk or the database
                if self._stopping.is_set():
                    return
                _log.warning("imports are paused: %r", error)
                self._feeds.is_swept = False
                pause = _RETRY_SECONDS
            self._wake.wait(pause)
            self._wake.clear()

    def _import_next(self) -> bool:
        """Import the oldest unfinished feed. Returns False if there is none, or another process imports it."""
        for job in self._jobs.unfinished():
            path = self._feeds.path(job.id)
            if not path.is_file():
                continue  # the feed is in the gallery directory of another machine
            with locked(path) as is_ours:
                if not is_ours:
                    return False  # imports run in order, so that an older feed never overwrites a newer one
                current = self._jobs.get_existing(job.id)
                if not current.is_over:
                    self._import(current, path)
                    self._on_end(self._jobs.get_existing(job.id))
                path.unlink(missing_ok=True)
                return True
        return False

    def _import(self, job: ImportJob, path: Path) -> None:
        """Import the rest of a feed, and record the outcome.

        Raises FetchStoppedError, CheckpointMismatchError, DecoderUnavailableError, OSError and SQLAlchemyError. After
        each of these, the import is queued again.
        """
        progress = ImportProgress(self._jobs, job, self._metrics)
        try:
            self._import_rest(job, path, progress)
        except ImportCancelledError:
            progress.log_cancelled()

    def _import_rest(self, job: ImportJob, path: Path, progress: ImportProgress) -> None:
        """Do what _import() does. Raises ImportCancelledError too."""
        try:
            if job.options.language is not None:
                self._import_texts(job, path, progress)
                return
            # the whole feed is read before anything is written
            progress.begin(sum(1 for _ in self._raise_if_stopped(read_feed(path))))
            removal = job.options.removal
            missing = find_missing(self._catalogue, path, removal) if removal else []
            items = itertools.islice(read_feed(path), job.counts.done, None)
            run = partial(check_items, self._catalogue) if job.options.is_dry_run else self._ingest.run
            with closing(LinkedPhotos(None, self._gallery, allow_private=self._allow_private)) as self._photos:
                run(self._raise_if_stopped(items), self._photos, progress.add_problem, progress.set_counts)
            if removal and not progress.is_failure:
                self._remove(missing, job.options, progress)
            progress.finish()
        except ImportCancelledError:
            raise
        except (FeedError, RemovalRefusedError) as error:
            progress.fail(str(error))
        except (FetchStoppedError, CheckpointMismatchError, DecoderUnavailableError, OSError, SQLAlchemyError) as error:
            is_brief = isinstance(error, (FetchStoppedError, CheckpointMismatchError)) or self._stopping.is_set()
            progress.interrupt(None if is_brief else str(error).partition("\n")[0])
            raise
        except Exception:  # a bug; another attempt would not help
            _log.exception("import %s failed", job.id)
            progress.fail("the server failed on this feed; the error is in its log")

    def _import_texts(self, job: ImportJob, path: Path, progress: ImportProgress) -> None:
        """Import the rest of a feed's texts in one language. Raises the errors of _import_rest()."""
        language = job.options.language or ""
        progress.begin(sum(1 for _ in self._raise_if_stopped(read_feed_texts(path, language))))
        items = self._raise_if_stopped(itertools.islice(read_feed_texts(path, language), job.counts.done, None))
        is_dry_run = job.options.is_dry_run
        import_texts(self._catalogue, items, progress.add_problem, progress.set_counts, is_dry_run=is_dry_run)
        progress.finish()

    def _remove(self, missing: Sequence[str], options: ImportOptions, progress: ImportProgress) -> None:
        """Remove the products that a complete feed lacks, or only count them in a dry run."""
        if options.is_dry_run or options.removal is None:
            progress.add_removed(len(missing))
        else:
            revision, record = options.removal.revision, progress.record_removed
            self._ingest.delete_unchanged(missing, revision, progress.add_removed, record)

    def _raise_if_stopped(self, items: Iterator[_Item]) -> Iterator[_Item]:
        """Yield the items. Raises FetchStoppedError after stop(), and OSError when the disk is nearly full."""
        for item in items:
            if self._stopping.is_set():
                raise FetchStoppedError
            self._feeds.check_space()
            yield item


def _lower_priority() -> None:
    """Lower the priority of this thread and of those that it starts, where the system has priorities of threads."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)

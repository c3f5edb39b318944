"""Scheduled import of the feed at a URL. One server of several checks it when it is due."""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO

from sqlalchemy.exc import SQLAlchemyError

from app.catalogue.catalogue import Catalogue
from app.catalogue.feed_schedule import FeedCheck, FeedSchedule
from app.catalogue.import_jobs import ImportJob
from app.observability.metrics import Metrics
from app.photo_fetch.address_guard import GuardedNetwork
from app.photo_fetch.feed_download import FeedUnavailableError, download_feed
from app.photo_fetch.validator_cache import Validators

_POLL_INTERVAL = 5.0  # s between looks at the schedule
_CLAIM = 900.0  # s: a server that has crashed is replaced after this time
_FIRST_RETRY = 60.0  # s after a failure; doubles up to the interval of the feed
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ScheduledFeed:
    """Feed that is imported again and again."""

    url: str
    seconds: float  # between two checks
    max_bytes: int
    is_complete: bool  # whether products that it lacks are removed


class FeedPuller:
    """Thread that imports a scheduled feed from start() to close(). `submit` queues an import."""

    def __init__(
        self,
        feed: ScheduledFeed,
        catalogue: Catalogue,
        submit: Callable[[BinaryIO], ImportJob],
        metrics: Metrics,
        *,
        allow_private: bool,
    ) -> None:
        self._feed, self._jobs, self._submit, self._metrics = feed, catalogue.operations, submit, metrics
        self._schedule = FeedSchedule(catalogue, feed.url)
        self._network = GuardedNetwork(allow_private=allow_private)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="feed", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Interrupt a download within seconds."""
        self._stopping.set()
        self._network.stop()

    def close(self) -> None:
        """Stop, and wait until the thread ends."""
        self.stop()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        """Check the feed whenever it is due, until stopped."""
        while not self._stopping.is_set():
            try:
                if self._schedule.read().next_at <= time.time() and self._schedule.claim(_CLAIM):
                    self._schedule.record(self._check(self._schedule.read()))
            except (OSError, SQLAlchemyError) as error:
                if not self._stopping.is_set():
                    _log.warning("the feed cannot be checked now: %r", error)
            self._stopping.wait(_POLL_INTERVAL)

    def _check(self, last: FeedCheck) -> FeedCheck:
        """Download the feed, and queue its import if it has changed. Returns the state until the next check.

        Raises OSError and SQLAlchemyError.
        """
        job = self._jobs.get(last.job_id) if last.job_id else None
        if job is not None and not job.is_over:
            return replace(last, next_at=time.time() + _FIRST_RETRY)  # imports must not pile up
        is_imported = job is not None and job.state == "done"
        known = Validators("", last.etag, last.modified) if is_imported else None
        with tempfile.TemporaryFile() as file:
            try:
                validators = download_feed(self._network, self._feed.url, known, file, self._feed.max_bytes)
            except FeedUnavailableError as error:
                return self._after_failure(last, error)
            next_at = time.time() + self._feed.seconds
            if validators is None:
                self._metrics.feed_checked("unchanged")
                _log.info("the feed has not changed")
                return replace(last, next_at=next_at, failures=0)
            job = self._submit(file)
        self._metrics.feed_checked("changed")
        _log.info("the feed is imported as %s", job.id)
        return FeedCheck(next_at, 0, validators.etag, validators.modified, job.id)

    def _after_failure(self, last: FeedCheck, error: FeedUnavailableError) -> FeedCheck:
        """Return the state after a failed download: the pause doubles with each failure, up to the feed's interval."""
        if self._stopping.is_set():
            return replace(last, next_at=0.0)  # interrupted by stop(): for the next server
        pause = min(self._feed.seconds, _FIRST_RETRY * 2 ** min(last.failures, 20))
        self._metrics.feed_checked("failed")
        _log.warning("the feed cannot be fetched, next try in %.0f s: %s", pause, error)
        return replace(last, next_at=time.time() + pause, failures=last.failures + 1)

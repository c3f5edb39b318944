"""Background writer of events and daily counts: one transaction for all that came within a moment.

An event is acknowledged after its transaction, so no crash loses it. Searches only count in memory, and never wait.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import timedelta

from app.analytics.search_ticket import SearchTicket, today
from app.catalogue.catalogue import Catalogue
from app.core.retry_errors import BusyError
from app.database.analytics.records import CountKey, Event, Outcome
from app.database.analytics.writing import add_counts, delete_events, insert_events
from app.observability.metrics import Metrics

_GATHER = 0.2  # s that a transaction waits for more events
_IDLE = 2.0  # s between transactions without events, for the counts of searches
_MOST_WAITING = 5000  # events
_RETRY_AFTER = 5  # s
_DELETE_EVERY = 3600.0  # s
_log = logging.getLogger(__name__)


class EventRecorder:
    """Recorder of one server process, from start() to close(). Events are kept for `days` days.

    `catalogue` returns the catalogue in use, which a re-embedding replaces.
    """

    def __init__(self, catalogue: Callable[[], Catalogue], metrics: Metrics, days: int) -> None:
        self._catalogue, self._metrics, self._days = catalogue, metrics, days
        self._lock = threading.Lock()
        self._waiting: list[tuple[Sequence[Event], Future[None]]] = []
        self._size = 0  # events that wait
        self._counts: Counter[CountKey] = Counter()  # not written yet
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._next_deletion = 0.0  # by time.monotonic()
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def start(self) -> None:
        """Start to write."""
        self._thread.start()

    def close(self) -> None:
        """Write what waits, and stop."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def count_search(self, checkpoint: str, outcome: Outcome) -> SearchTicket:
        """Count a search, in memory for now. Returns its ticket."""
        ticket = SearchTicket(today(), checkpoint, outcome)
        with self._lock:
            self._counts[CountKey(ticket.day.isoformat(), checkpoint, outcome)] += 1
        return ticket

    async def record(self, events: Sequence[Event]) -> None:
        """Store events, and return when they are. Raises BusyError when too many wait, and SQLAlchemyError."""
        written: Future[None] = Future()
        with self._lock:
            if self._size + len(events) > _MOST_WAITING:
                self._metrics.events("dropped", len(events))
                message = f"too many events wait ({self._size}); try again in {_RETRY_AFTER} s"
                raise BusyError(message, _RETRY_AFTER)
            self._waiting.append((events, written))
            self._size += len(events)
        self._wake.set()
        await asyncio.shield(asyncio.wrap_future(written))

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(_IDLE)
            self._stopping.wait(_GATHER)
            self._wake.clear()
            self._write()
        self._write()

    def _write(self) -> None:
        """Write all that waits in one transaction, and answer those that wait for it."""
        with self._lock:
            waiting, counts = self._waiting, self._counts
            self._waiting, self._size, self._counts = [], 0, Counter()
        if not waiting and not counts:
            return
        try:
            self._store([event for events, _ in waiting for event in events], counts)
        except Exception as error:  # such as a database that is away; the next attempt may succeed
            _log.warning("events cannot be stored now: %s", str(error).partition("\n")[0])
            self._metrics.events("dropped", sum(len(events) for events, _ in waiting))
            with self._lock:
                self._counts += counts
            for _, written in waiting:
                written.set_exception(error)
        else:
            for _, written in waiting:
                written.set_result(None)

    def _store(self, events: Sequence[Event], counts: Counter[CountKey]) -> None:
        is_due = time.monotonic() >= self._next_deletion
        with self._catalogue().transaction() as connection:
            stored = insert_events(connection, events)
            add_counts(connection, counts)
            if is_due:
                delete_events(connection, (today() - timedelta(days=self._days)).isoformat())
        if is_due:
            self._next_deletion = time.monotonic() + _DELETE_EVERY
        self._metrics.events("stored", stored)
        self._metrics.events("ignored", len(events) - stored)

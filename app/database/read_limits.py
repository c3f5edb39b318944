"""Time limits of database reads that answer requests.

A read that takes too long, or whose client has disconnected, is interrupted in the database. Writes, and reads that
keep the server up to date, have no such limit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Engine, ExceptionContext, event

_INTERVAL = 0.05  # s between two checks of the reads in progress
_SHUTDOWN_LIMIT = 1.0  # s of a read while the server stops
_CANCEL_TIMEOUT = 2.0  # s of a cancel request to PostgreSQL
_READ = "read"  # key of the read in a connection's info

IsAbandoned = Callable[[], bool]
"""A function that returns whether no client waits for the answer any more."""


class ReadTimeoutError(Exception):
    """A read that was interrupted at its time limit."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the database has not answered within {seconds:g} s")


class ReadAbandonedError(Exception):
    """A read that was interrupted because no client waits for it any more."""


class ReadLimits:
    """A limit in seconds for each read, from when it takes a connection until it returns it.

    A thread checks the reads in progress as long as there are any. Safe to use from many threads.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._lock = threading.Lock()
        self._reads: set[_Read] = set()
        self._watched = False

    @contextmanager
    def limited(self, is_abandoned: IsAbandoned = lambda: False) -> Iterator[None]:
        """Limit the reads in the block. They raise ReadTimeoutError and ReadAbandonedError."""
        with _applied(_Limit(self, is_abandoned)):
            yield

    def apply(self, is_abandoned: IsAbandoned) -> None:
        """Limit the reads of the current task, and of the threads that it starts, from now on."""
        _current.set(_Limit(self, is_abandoned))

    def stop(self) -> None:
        """Lower the limit of all reads, since the server stops."""
        self.seconds = min(self.seconds, _SHUTDOWN_LIMIT)

    def begin(self, read: _Read) -> None:
        """Watch a read until end()."""
        with self._lock:
            self._reads.add(read)
            if not self._watched:
                self._watched = True
                threading.Thread(target=self._watch, name="read limits", daemon=True).start()

    def end(self, read: _Read) -> None:
        """Watch a read no longer."""
        with self._lock:
            self._reads.discard(read)
        read.end()

    def _watch(self) -> None:
        while reads := self._in_progress():
            for read in reads:
                read.check(self.seconds)
            time.sleep(_INTERVAL)

    def _in_progress(self) -> list[_Read]:
        with self._lock:
            self._watched = bool(self._reads)
            return [*self._reads]


@dataclass(frozen=True)
class _Limit:
    """The limit of the reads of the current task or thread."""

    reads: ReadLimits
    is_abandoned: IsAbandoned


_current: ContextVar[_Limit | None] = ContextVar("limit", default=None)


@dataclass(eq=False)
class _Read:
    """A connection that is in use for a request, and how to interrupt what it does."""

    limit: _Limit
    interrupt: Callable[[], object]
    since: float = field(default_factory=time.monotonic)
    reason: Exception | None = None
    _is_over: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, seconds: float) -> None:
        """Interrupt the current statement if the read is too slow or abandoned.

        An interrupt between two statements has no effect, so this is called until the connection is returned.
        """
        with self._lock:  # the connection must not pass to another read meanwhile
            if self._is_over:
                return
            if self.limit.is_abandoned():
                self.reason = ReadAbandonedError("no client waits for this read")
            elif time.monotonic() - self.since > seconds:
                self.reason = ReadTimeoutError(seconds)
            if self.reason is not None:
                self.interrupt()

    def end(self) -> None:
        """Stop interrupting the connection."""
        with self._lock:
            self._is_over = True


@contextmanager
def _applied(limit: _Limit | None) -> Iterator[None]:
    before = _current.set(limit)
    try:
        yield
    finally:
        _current.reset(before)


@contextmanager
def unlimited() -> Iterator[None]:
    """Do not limit the reads in the block, which are not for a single request."""
    with _applied(None):
        yield


@contextmanager
def abandonable(is_abandoned: IsAbandoned) -> Iterator[None]:
    """Also interrupt the reads in the block when they are abandoned, if reads have a limit at all."""
    limit = _current.get()
    with _applied(limit and replace(limit, is_abandoned=is_abandoned)):
        yield


def watch_reads(engine: Engine) -> None:
    """Apply the limits of threads and tasks to the engine's connections that they use."""
    driver_error = engine.dialect.loaded_dbapi.Error  # ignored: interrupts are repeated until they take effect

    @event.listens_for(engine, "checkout")
    def begin(connection: Any, record: Any, _proxy: object) -> None:
        if (limit := _current.get()) is not None:
            record.info[_READ] = read = _Read(limit, lambda: _interrupt(connection, driver_error))
            limit.reads.begin(read)

    @event.listens_for(engine, "checkin")
    def end(_connection: Any, record: Any) -> None:
        if (read := record.info.pop(_READ, None)) is not None:
            read.limit.reads.end(read)
            if read.reason is not None:
                record.invalidate()  # a late cancel request must not hit another statement of PostgreSQL

    @event.listens_for(engine, "handle_error")
    def explain(context: ExceptionContext) -> None:
        """Raise the reason of an interrupt in place of the driver's error."""
        connection = context.connection
        if connection is None or connection.closed or connection.invalidated:
            return
        read = connection.info.get(_READ)
        if read is not None and read.reason is not None:
            raise read.reason from context.original_exception


def _interrupt(connection: Any, driver_error: type[Exception]) -> None:
    with suppress(driver_error):
        if hasattr(connection, "interrupt"):  # SQLite's
            connection.interrupt()
        else:
            connection.cancel_safe(timeout=_CANCEL_TIMEOUT)

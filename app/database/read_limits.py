"""Time limits of database reads that answer requests.

A read that takes too long, or that no client waits for any more, is interrupted in the database. Writes, and reads that
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

_EVERY = 0.05  # s between two looks at the reads in progress
_STOPPING = 1.0  # s that a read may take while the server stops
_CANCEL = 2.0  # s that a request to cancel may take to reach PostgreSQL
_READ = "read"  # names the read in a connection's info

IsAbandoned = Callable[[], bool]
"""Whether no client waits for the answer any more."""


class ReadTimeoutError(Exception):
    """A read was interrupted since it had not been done in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the database has not answered within {seconds:g} s")


class ReadAbandonedError(Exception):
    """A read was interrupted since no client waits for it any more."""


class ReadLimits:
    """A limit in seconds for reads, each from when it takes a connection until it returns it.

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
        """Let no read take long any more, since the server stops."""
        self.seconds = min(self.seconds, _STOPPING)

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
            time.sleep(_EVERY)

    def _in_progress(self) -> list[_Read]:
        with self._lock:
            self._watched = bool(self._reads)
            return [*self._reads]


@dataclass(frozen=True)
class _Limit:
    """What limits the reads of the current task or thread."""

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
        """Interrupt what is done now if it should not be done any more.

        An interrupt between two statements has no effect, so this is called again until the connection is returned.
        """
        with self._lock:  # the connection must not be another read's meanwhile
            if self._is_over:
                return
            if self.limit.is_abandoned():
                self.reason = ReadAbandonedError("no client waits for this read")
            elif time.monotonic() - self.since > seconds:
                self.reason = ReadTimeoutError(seconds)
            if self.reason is not None:
                self.interrupt()

    def end(self) -> None:
        """Interrupt nothing any more."""
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
    """Let the reads in the block take as long as they do: they are not for one request alone."""
    with _applied(None):
        yield


@contextmanager
def abandonable(is_abandoned: IsAbandoned) -> Iterator[None]:
    """Interrupt the reads in the block also when they are abandoned, where reads have a limit at all."""
    limit = _current.get()
    with _applied(limit and replace(limit, is_abandoned=is_abandoned)):
        yield


def watch_reads(engine: Engine) -> None:
    """Make the engine's connections obey the limits of the threads that use them."""
    failed = engine.dialect.loaded_dbapi.Error  # to interrupt is tried again as long as it has no effect

    @event.listens_for(engine, "checkout")
    def begin(connection: Any, record: Any, _proxy: object) -> None:
        if (limit := _current.get()) is not None:
            record.info[_READ] = read = _Read(limit, lambda: _interrupt(connection, failed))
            limit.reads.begin(read)

    @event.listens_for(engine, "checkin")
    def end(_connection: Any, record: Any) -> None:
        if (read := record.info.pop(_READ, None)) is not None:
            read.limit.reads.end(read)
            if read.reason is not None:
                record.invalidate()  # PostgreSQL may still be told to cancel, which must not meet another statement

    @event.listens_for(engine, "handle_error")
    def explain(context: ExceptionContext) -> None:
        """Raise why a statement was interrupted, in place of the driver's error."""
        connection = context.connection
        if connection is None or connection.closed or connection.invalidated:
            return
        read = connection.info.get(_READ)
        if read is not None and read.reason is not None:
            raise read.reason from context.original_exception


def _interrupt(connection: Any, failed: type[Exception]) -> None:
    with suppress(failed):
        if hasattr(connection, "interrupt"):  # SQLite's
            connection.interrupt()
        else:
            connection.cancel_safe(timeout=_CANCEL)

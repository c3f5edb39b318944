"""Threads whose time is shared fairly among clients, where one client may send work that takes long."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

HALF_LIFE = 10.0  # s after which half as much of the time that a client has used counts

_FORGOTTEN = 0.001  # s of use: a client counts as present for about a minute after an ordinary image
_T = TypeVar("_T")
_Job = tuple[Callable[[], Any], Future[Any]]


class FairExecutor:
    """`threads` threads that do the next job of the client which has used the least of their time lately.

    Of one client the newest job is next: if it sends more than is done, the older ones are given up soon. A client that
    occupies all threads but one does not get the last one while other clients are about: a job cannot be interrupted,
    so theirs would have to wait for its end.
    """

    def __init__(self, threads: int, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._threads, self._clock = threads, clock
        self._pool = ThreadPoolExecutor(threads, name)
        self._lock = threading.Lock()
        self._waiting: dict[str, list[_Job]] = {}  # of each client, the newest last
        self._running: Counter[str] = Counter()
        self._used: dict[str, tuple[float, float]] = {}  # seconds, and when they were that many

    def submit(self, client: str, work: Callable[[], _T]) -> Future[_T]:
        """Queue a job; it is not done if its future is cancelled before. Raises RuntimeError after close()."""
        future: Future[_T] = Future()
        with self._lock:
            self._waiting.setdefault(client, []).append((work, future))
            self._dispatch()
        return future

    def close(self) -> None:
        """Cancel what waits, and wait for what is done."""
        with self._lock:
            for _, future in (job for jobs in self._waiting.values() for job in jobs):
                future.cancel()
            self._waiting.clear()
        self._pool.shutdown()

    def _dispatch(self) -> None:
        """Give free threads the jobs whose turn it is. The lock is held."""
        while self._running.total() < self._threads and (client := self._next()) is not None:
            work, future = self._waiting[client].pop()
            self._running[client] += 1
            self._pool.submit(self._run, client, work, future)

    def _next(self) -> str | None:
        """The client whose turn it is; None when nobody may have a free thread now."""
        left = {name: [job for job in jobs if not job[1].cancelled()] for name, jobs in self._waiting.items()}
        self._waiting = {name: jobs for name, jobs in left.items() if jobs}
        if not self._waiting:
            return None
        now = self._clock()
        client = min(self._waiting, key=lambda name: (self._running[name], self._use(name, now)))
        is_last = 0 < self._running[client] >= self._threads - 1
        return None if is_last and self._are_others_about(client, now) else client

    def _run(self, client: str, work: Callable[[], Any], future: Future[Any]) -> None:
        started = self._clock()
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)
        with self._lock:
            now = self._clock()
            self._used[client] = self._use(client, now) + now - started, now
            self._running -= Counter([client])
            self._used = {name: used for name, used in self._used.items() if self._use(name, now) > _FORGOTTEN}
            self._dispatch()

    def _use(self, client: str, now: float) -> float:
        """How many seconds a client has used lately."""
        seconds, then = self._used.get(client, (0.0, now))
        return float(seconds * 0.5 ** ((now - then) / HALF_LIFE))

    def _are_others_about(self, client: str, now: float) -> bool:
        others = (self._used.keys() | self._running.keys()) - {client}
        return any(self._running[name] or self._use(name, now) > _FORGOTTEN for name in others)

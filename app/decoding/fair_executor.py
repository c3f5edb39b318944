"""Thread pool that shares its time fairly among clients, some of whose jobs take long."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

HALF_LIFE = 10.0  # s after which the time that a client has used counts half

_NEGLIGIBLE_USE = 0.001  # s: a client counts as present for about a minute after an ordinary image
_T = TypeVar("_T")
_Job = tuple[Callable[[], Any], Future[Any]]


class FairExecutor:
    """Pool of `threads` threads. The next job is one of the client that has used the least time lately.

    The newest job of a client runs first, since a client that sends too many soon cancels the older ones. While other
    clients are present, a client that occupies all threads but one does not get the last thread: a job cannot be
    interrupted, so their jobs would have to wait for its end.
    """

    def __init__(self, threads: int, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._threads, self._clock = threads, clock
        self._pool = ThreadPoolExecutor(threads, name)
        self._lock = threading.Lock()
        self._waiting: dict[str, list[_Job]] = {}  # jobs of each client, the newest last
        self._running: Counter[str] = Counter()
        self._used: dict[str, tuple[float, float]] = {}  # seconds, and the time of that sum

    def submit(self, client: str, work: Callable[[], _T]) -> Future[_T]:
        """Queue a job, which does not run if its future is cancelled before. Raises RuntimeError after close()."""
        future: Future[_T] = Future()
        with self._lock:
            self._waiting.setdefault(client, []).append((work, future))
            self._dispatch()
        return future

    def close(self) -> None:
        """Cancel the queued jobs, and wait for the running ones."""
        with self._lock:
            for _, future in (job for jobs in self._waiting.values() for job in jobs):
                future.cancel()
            self._waiting.clear()
        self._pool.shutdown()

    def _dispatch(self) -> None:
        """Give the next jobs to free threads. The caller holds the lock."""
        while self._running.total() < self._threads and (client := self._pick_client()) is not None:
            work, future = self._waiting[client].pop()
            self._running[client] += 1
            self._pool.submit(self._run, client, work, future)

    def _pick_client(self) -> str | None:
        """Return the client whose job is next, None if no client may have a free thread now."""
        waiting = {name: [job for job in jobs if not job[1].cancelled()] for name, jobs in self._waiting.items()}
        self._waiting = {name: jobs for name, jobs in waiting.items() if jobs}
        if not self._waiting:
            return None
        now = self._clock()
        client = min(self._waiting, key=lambda name: (self._running[name], self._compute_use(name, now)))
        is_last = 0 < self._running[client] >= self._threads - 1
        return None if is_last and self._has_other_clients(client, now) else client

    def _run(self, client: str, work: Callable[[], Any], future: Future[Any]) -> None:
        started = self._clock()
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)
        with self._lock:
            now = self._clock()
            self._used[client] = self._compute_use(client, now) + now - started, now
            self._running -= Counter([client])
            self._used = {
                name: used for name, used in self._used.items() if self._compute_use(name, now) > _NEGLIGIBLE_USE
            }
            self._dispatch()

    def _compute_use(self, client: str, now: float) -> float:
        """Return the seconds that a client has used lately, the older ones discounted."""
        seconds, since = self._used.get(client, (0.0, now))
        return float(seconds * 0.5 ** ((now - since) / HALF_LIFE))

    def _has_other_clients(self, client: str, now: float) -> bool:
        others = (self._used.keys() | self._running.keys()) - {client}
        return any(self._running[name] or self._compute_use(name, now) > _NEGLIGIBLE_USE for name in others)

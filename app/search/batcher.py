"""Batching of concurrent searches, so that they share one forward pass and one index scan.

A free thread takes the jobs that are queued and does not wait for more.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

MAX_BATCH = 32  # jobs: bounds memory

_BATCH_SECONDS = 0.1  # that a batch may take in any case: a new job waits for the running batch and for its own
_OVERDUE_SECONDS = 0.3  # after which a job comes before newer ones: its client draws no more, so the job still matters

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
Work = Callable[[Sequence[_Job]], Sequence[_Result | Exception]]
"""Jobs -> the outcome of each, in their order."""


@dataclass(eq=False)
class _QueuedJob:
    """Job with its group, its future and the time of its submission."""

    group: object
    work: Work[Any, Any]
    job: Any
    future: Future[Any]
    since: float = field(default_factory=time.monotonic)
    is_abandoned: bool = False  # its caller was cancelled


class Batcher:
    """Threads that compute jobs of the same group in batches. Safe to use from many threads.

    A batch takes at most twice as long as a single job, or a tenth of a second. Its size follows from the batch before:
    small where each job takes long, as on a CPU, large on a GPU. After a batch in which a caller gave up, the limit of
    the size is halved; it grows by one with each further batch.

    The newest jobs come first. Of a client that is drawing, only the newest sketch still matters; with the oldest
    first, an overloaded server would finish each job just after its client has given it up. Overdue jobs, after a third
    of a second, come before all newer ones, the oldest first.

    Each of `threads` threads, which start() begins, takes its share of the queued jobs. Before each batch, its thread
    calls `on_batch` with the number of busy threads.
    """

    def __init__(self, threads: int = 1, on_batch: Callable[[int], object] = lambda _: None) -> None:
        self._on_batch = on_batch
        self._busy = 0  # threads that compute
        self._batch_size = 1  # jobs of the next batch, at most
        self._limit = MAX_BATCH  # of the batch size, as no caller has given up lately
        self._alone_seconds = 0.0  # of the last job that was computed with nothing beside it
        self._queue: list[_QueuedJob] = []
        self._changed = threading.Condition()
        self._is_closed = False
        self._threads = [
            threading.Thread(target=self._run, name=f"search {number}", daemon=True) for number in range(threads)
        ]

    def start(self) -> None:
        """Start the threads. Jobs that were submitted before are computed now."""
        for thread in self._threads:
            thread.start()

    async def do(self, group: object, work: Work[_Job, _Result], job: _Job) -> _Result:
        """Compute a job in a batch and return its outcome. A job that is cancelled while queued is not computed.

        `work` of any job of a group may be called with all of them.
        """
        queued = self._enqueue(group, work, job)
        try:
            return cast(_Result, await asyncio.wrap_future(queued.future))
        except asyncio.CancelledError:
            queued.is_abandoned = True
            raise

    async def do_alone(self, work: Callable[[], _Result]) -> _Result:
        """Compute `work` in a batch of its own and return its result."""
        return await self.do(object(), lambda _: [work()], None)

    def submit(self, group: object, work: Work[_Job, _Result], job: _Job) -> Future[_Result]:
        """Queue a job and return its future. Raises RuntimeError after close()."""
        return self._enqueue(group, work, job).future

    def _enqueue(self, group: object, work: Work[_Job, _Result], job: _Job) -> _QueuedJob:
        queued = _QueuedJob(group, work, job, Future())
        with self._changed:
            if self._is_closed:
                raise RuntimeError("the batcher is closed: expected no more jobs")
            self._queue = [other for other in self._queue if not other.future.cancelled()]
            self._queue.append(queued)
            self._changed.notify()
        return queued

    def close(self) -> None:
        """Compute the submitted jobs, then end the threads. Without start(), cancel the jobs."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        for queued in self._queue:
            queued.future.cancel()

    def _run(self) -> None:
        while (batch := self._take_batch()) is not None:
            running = [queued for queued in batch if queued.future.set_running_or_notify_cancel()]
            if running:
                busy = self._busy
                self._on_batch(busy)
                started = time.monotonic()
                _compute(running)
                seconds = time.monotonic() - started
                if len(running) == busy == 1:
                    self._alone_seconds = seconds
                is_wasted = any(queued.is_abandoned for queued in running)
                self._limit = max(1, len(running) // 2) if is_wasted else min(MAX_BATCH, self._limit + 1)
                self._batch_size = min(self._limit, _compute_batch_size(len(running), seconds, self._alone_seconds))
            with self._changed:
                self._busy -= 1

    def _take_batch(self) -> list[_QueuedJob] | None:
        """Wait for jobs and remove the next batch from the queue; return None after close() once the queue is empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._is_closed)
            if not self._queue:
                return None
            ordered = _order_jobs([queued for queued in self._queue if not queued.future.cancelled()])
            group = [queued for queued in ordered if queued.group == ordered[0].group]
            batch = group[: min(self._batch_size, -(-len(group) // len(self._threads)))]  # a share for each thread
            self._queue = [queued for queued in self._queue if queued not in batch and not queued.future.cancelled()]
            self._busy += 1
            return batch


def _compute_batch_size(count: int, seconds: float, alone_seconds: float) -> int:
    """Compute how many jobs fit into a batch, if `count` jobs took `seconds` and a single one `alone_seconds`."""
    return max(1, min(MAX_BATCH, int(max(_BATCH_SECONDS, 2 * alone_seconds) * count / max(seconds, 1e-6))))


def _order_jobs(jobs: Sequence[_QueuedJob]) -> list[_QueuedJob]:
    """Order overdue jobs first, the oldest first, then the others, the newest first."""
    begin = time.monotonic() - _OVERDUE_SECONDS
    overdue = [queued for queued in jobs if queued.since < begin]
    return overdue + [queued for queued in reversed(jobs) if queued.since >= begin]


def _compute(batch: Sequence[_QueuedJob]) -> None:
    """Compute a batch. If it fails as a whole, compute its jobs one by one, so that no job fails because of another."""
    try:
        outcomes = batch[0].work([queued.job for queued in batch])
    except Exception as error:
        if len(batch) > 1:
            for queued in batch:
                _compute([queued])
            return
        outcomes = [error]
    for queued, outcome in zip(batch, outcomes, strict=True):
        if isinstance(outcome, Exception):
            queued.future.set_exception(outcome)
        else:
            queued.future.set_result(outcome)

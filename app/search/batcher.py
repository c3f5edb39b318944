"""Few threads compute, and take what waits together: searches share a forward pass and a search of the index.

Nobody waits for others to come: whatever is there when a thread is free is taken.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

LARGEST = 32  # jobs that are done together at most, which bounds memory

_SHORT = 0.1  # s that a batch may take in any case: who has just asked waits for the one before, and for their own
_FRESH = 0.3  # s: whoever waits longer has not drawn on, and is answered before those who may still do so

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
Work = Callable[[Sequence[_Job]], Sequence[_Result | Exception]]
"""Jobs -> the outcome of each, in their order."""


@dataclass(eq=False)
class _Waiting:
    """A job, and who waits for it."""

    group: object
    work: Work[Any, Any]
    job: Any
    future: Future[Any]
    since: float = field(default_factory=time.monotonic)
    given_up: bool = False  # nobody waits any more


class Batcher:
    """Does jobs of the same group together, as many as take twice as long as one, or a tenth of a second.

    How many these are is told by the batch before: few where each takes its time, as on a CPU, many on a GPU; and half
    as many after a batch that took too long for somebody in it, then one more each time. Safe to use from many threads.

    The newest come first: of somebody who is drawing, only the newest sketch still matters, and with the oldest first a
    server that is asked for too much would finish each just when it has been given up. Those who keep waiting are not
    forgotten: after a third of a second they come before all newer ones, the oldest first.

    `threads` of them compute, and each takes its share of what waits; before each batch, `share` is told in its thread
    how many of them are at work.
    """

    def __init__(self, threads: int = 1, share: Callable[[int], object] = lambda _: None) -> None:
        self._share = share
        self._busy = 0  # threads that are at work
        self._most = 1  # jobs of the next batch
        self._limit = LARGEST  # what nobody has given up for lately
        self._alone = 0.0  # s that a job took the last time that nothing was computed beside it
        self._waiting: list[_Waiting] = []
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._run, name=f"search {number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    async def do(self, group: object, work: Work[_Job, _Result], job: _Job) -> _Result:
        """The outcome of a job. When this is cancelled before its turn has come, it is not computed.

        `work` of any of the jobs of a group may be called with all of them.
        """
        waiting = self._submit(group, work, job)
        try:
            return cast(_Result, await asyncio.wrap_future(waiting.future))
        except asyncio.CancelledError:
            waiting.given_up = True
            raise

    async def do_alone(self, work: Callable[[], _Result]) -> _Result:
        """What `work` gives, when its turn has come, with no other job beside it."""
        return await self.do(object(), lambda _: [work()], None)

    def submit(self, group: object, work: Work[_Job, _Result], job: _Job) -> Future[_Result]:
        """A job's outcome to be. Raises RuntimeError after close()."""
        return self._submit(group, work, job).future

    def _submit(self, group: object, work: Work[_Job, _Result], job: _Job) -> _Waiting:
        waiting = _Waiting(group, work, job, Future())
        with self._changed:
            if self._closed:
                raise RuntimeError("the batcher is closed: expected no more jobs")
            self._waiting = [each for each in self._waiting if not each.future.cancelled()]
            self._waiting.append(waiting)
            self._changed.notify()
        return waiting

    def close(self) -> None:
        """Do what has been submitted, then end the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (batch := self._take()) is not None:
            begun = [each for each in batch if each.future.set_running_or_notify_cancel()]
            if begun:
                busy = self._busy
                self._share(busy)
                started = time.monotonic()
                _do(begun)
                spent = time.monotonic() - started
                if len(begun) == busy == 1:
                    self._alone = spent
                in_vain = any(each.given_up for each in begun)
                self._limit = max(1, len(begun) // 2) if in_vain else min(LARGEST, self._limit + 1)
                self._most = min(self._limit, _most(len(begun), spent, self._alone))
            with self._changed:
                self._busy -= 1

    def _take(self) -> list[_Waiting] | None:
        """Those whose turn has come; None when nothing will come any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return None
            ordered = _in_turn([each for each in self._waiting if not each.future.cancelled()])
            alike = [each for each in ordered if each.group == ordered[0].group]
            batch = alike[: min(self._most, -(-len(alike) // len(self._threads)))]  # the other threads take the rest
            self._waiting = [each for each in self._waiting if each not in batch and not each.future.cancelled()]
            self._busy += 1
            return batch


def _most(count: int, spent: float, alone: float) -> int:
    """How many jobs fit into a batch, when so many took `spent` seconds, and one `alone`."""
    return max(1, min(LARGEST, int(max(_SHORT, 2 * alone) * count / max(spent, 1e-6))))


def _in_turn(waiting: Sequence[_Waiting]) -> list[_Waiting]:
    """Those who have waited for long, the oldest first, then the others, the newest first."""
    begin = time.monotonic() - _FRESH
    patient = [each for each in waiting if each.since < begin]
    return patient + [each for each in reversed(waiting) if each.since >= begin]


def _do(batch: Sequence[_Waiting]) -> None:
    """Compute a batch; one that fails as a whole is computed one by one, so that nobody fails for another's sake."""
    try:
        outcomes = batch[0].work([each.job for each in batch])
    except Exception as error:
        if len(batch) > 1:
            for each in batch:
                _do([each])
            return
        outcomes = [error]
    for each, outcome in zip(batch, outcomes, strict=True):
        if isinstance(outcome, Exception):
            each.future.set_exception(outcome)
        else:
            each.future.set_result(outcome)

"""The total time that a write may wait: one limit for the queue, the lock of the process, and the database's lock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class WaitBudget:
    """The remaining seconds that a piece of work may wait. Computing between two waits does not count."""

    def __init__(self, seconds: float) -> None:
        self.left = max(0.0, seconds)

    @contextmanager
    def waiting(self) -> Iterator[float]:
        """Count the time of the block as waiting. It may wait for at most the seconds that it gets."""
        started = time.monotonic()
        try:
            yield self.left
        finally:
            self.left = max(0.0, self.left - (time.monotonic() - started))


_current: ContextVar[WaitBudget | None] = ContextVar("wait_budget", default=None)


@contextmanager
def waiting_at_most(seconds: float) -> Iterator[None]:
    """Limit the total waiting time of this thread's writes in the block."""
    token = _current.set(WaitBudget(seconds))
    try:
        yield
    finally:
        _current.reset(token)


def wait_budget(seconds: float) -> WaitBudget:
    """Return how long this thread's write may wait: the rest of its block's time, or `seconds` outside of a block."""
    return _current.get() or WaitBudget(seconds)

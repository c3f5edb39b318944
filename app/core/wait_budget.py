"""How long a write may wait in all: one bound for the queue, for its turn, and for the lock of the database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class WaitBudget:
    """Seconds that a piece of work may still wait. What it computes between two waits does not count."""

    def __init__(self, seconds: float) -> None:
        self.left = max(0.0, seconds)

    @contextmanager
    def waiting(self) -> Iterator[float]:
        """Wait in the block, for at most the seconds that it is given."""
        started = time.monotonic()
        try:
            yield self.left
        finally:
            self.left = max(0.0, self.left - (time.monotonic() - started))


_current: ContextVar[WaitBudget | None] = ContextVar("wait_budget", default=None)


@contextmanager
def waiting_at_most(seconds: float) -> Iterator[None]:
    """Have all writes of this thread in the block wait for so long, together."""
    token = _current.set(WaitBudget(seconds))
    try:
        yield
    finally:
        _current.reset(token)


def wait_budget(seconds: float) -> WaitBudget:
    """Return how long this thread's write may wait: what is left of its block's time, else `seconds` of its own."""
    return _current.get() or WaitBudget(seconds)

"""Memory budgets of one server process: writes in progress, and bytes of request bodies in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Request

from app.asgi.errors import retry_later_error
from app.settings import Settings

UNCOUNTED = 64 * 2**10
"""Bytes of each body that no budget counts, so that sketches of strokes are accepted while pictures fill the budget."""

_RETRY_AFTER = 1  # s: about the duration of a write
_LARGE_WRITES = 4  # number of bodies of the largest size that fit at the same time


class MemoryBudget:
    """An amount of `limit` units that requests share; `full` is the error message when it is exhausted.

    A budget belongs to one event loop.
    """

    def __init__(self, limit: int, full: str) -> None:
        self._limit, self._full = limit, full
        self.taken = 0

    @contextmanager
    def reserve(self) -> Iterator[Reservation]:
        """Open an empty reservation, and release it at the end of the block."""
        reservation = Reservation(self)
        try:
            yield reservation
        finally:
            self.taken -= reservation.size

    def take(self, size: int) -> None:
        """Take `size` units. Raises ApiError busy when fewer are left."""
        if self.taken + size > self._limit:
            raise retry_later_error(503, "busy", f"{self._full}; try again in {_RETRY_AFTER} s", _RETRY_AFTER)
        self.taken += size


class Reservation:
    """The share of a budget that one request has taken."""

    def __init__(self, budget: MemoryBudget) -> None:
        self._budget = budget
        self.size = 0

    def grow_to(self, size: int) -> None:
        """Grow to `size` units in total; a larger reservation stays as it is. Raises ApiError busy."""
        more = max(0, size - self.size)
        self._budget.take(more)
        self.size += more


class MemoryBudgets:
    """The budgets of one server process. Requests without a key take nothing from the budgets of writes."""

    def __init__(self, settings: Settings) -> None:
        waiting = settings.max_queue
        self.writes = MemoryBudget(waiting + 1, f"the write queue is full ({waiting} waiting)")
        self.search_bytes = _byte_budget((waiting + 1) * settings.max_body_bytes)
        self.write_bytes = _byte_budget(_LARGE_WRITES * settings.max_write_bytes)


def _byte_budget(limit: int) -> MemoryBudget:
    return MemoryBudget(limit, f"the memory for request bodies is full ({limit} bytes)")


async def _reserve_search_body(request: Request) -> AsyncIterator[Reservation]:
    budgets: MemoryBudgets = request.app.state.memory_budgets
    with budgets.search_bytes.reserve() as reservation:
        yield reservation


async def _reserve_write_body(request: Request) -> AsyncIterator[Reservation]:
    budgets: MemoryBudgets = request.app.state.memory_budgets
    with budgets.writes.reserve() as slot, budgets.write_bytes.reserve() as reservation:
        slot.grow_to(1)
        yield reservation


SearchBody = Annotated[Reservation, Depends(_reserve_search_body)]
"""Dependency: the reservation of a search's body, released after the answer."""
WriteBody = Annotated[Reservation, Depends(_reserve_write_body)]
"""Dependency: the reservation of a write's body, and one of the writes that may wait. Raises ApiError busy.

It comes after the key in a route's parameters.
"""

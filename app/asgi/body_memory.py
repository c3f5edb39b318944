"""What there is room for at once in one server process: writes, and bytes of bodies that are held in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Request

from app.asgi.errors import later
from app.settings import Settings

UNCOUNTED = 64 * 2**10
"""Bytes of each body that need no room: so a sketch of strokes is taken in even when others fill it with pictures."""

_RETRY_AFTER = 1  # s: about as long as a write takes
_LARGE_WRITES = 4  # of the largest size, held at once


class MemoryBudget:
    """Room for `most` of something, which `full` tells of when there is no more. Belongs to one event loop."""

    def __init__(self, most: int, full: str) -> None:
        self._most, self._full = most, full
        self.taken = 0

    @contextmanager
    def reserve(self) -> Iterator[Reservation]:
        """What one request takes, until the block ends."""
        hold = Reservation(self)
        try:
            yield hold
        finally:
            self.taken -= hold.size

    def take(self, size: int) -> None:
        """Raises ApiError busy when there is not so much room."""
        if self.taken + size > self._most:
            raise later(503, "busy", f"{self._full}, so try again in {_RETRY_AFTER} s", _RETRY_AFTER)
        self.taken += size


class Reservation:
    """What one request has taken of a room."""

    def __init__(self, room: MemoryBudget) -> None:
        self._room = room
        self.size = 0

    def grow_to(self, size: int) -> None:
        """Have so much in all. Raises ApiError busy."""
        more = max(0, size - self.size)
        self._room.take(more)
        self.size += more


class MemoryBudgets:
    """The rooms of one server process. What is sent without a key has none of that of writes."""

    def __init__(self, settings: Settings) -> None:
        waiting = settings.max_queue
        self.writes = MemoryBudget(waiting + 1, f"{waiting} writes are waiting already: expected fewer")
        self.search_bytes = _bytes((waiting + 1) * settings.max_body_bytes)
        self.write_bytes = _bytes(_LARGE_WRITES * settings.max_write_bytes)


def _bytes(most: int) -> MemoryBudget:
    return MemoryBudget(most, f"the bodies of requests take {most} bytes already: expected less at once")


async def _searching(request: Request) -> AsyncIterator[Reservation]:
    with request.app.state.rooms.search_bytes.reserve() as hold:
        yield hold


async def _writing(request: Request) -> AsyncIterator[Reservation]:
    rooms: MemoryBudgets = request.app.state.rooms
    with rooms.writes.reserve() as place, rooms.write_bytes.reserve() as hold:
        place.grow_to(1)
        yield hold


SearchBody = Annotated[Reservation, Depends(_searching)]
"""What the body of a search takes, held until it is answered."""
WriteBody = Annotated[Reservation, Depends(_writing)]
"""A place among those who write, and what the body takes. Put it after the key. Raises ApiError busy at once."""

"""Queue of searches, bounded in length and in time, and shared fairly among clients."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from app.core.retry_errors import BusyError, TooLateError

_RETRY_AFTER = 1  # s: about the time that a full queue of 32 searches takes
_IN_USE = 1.0  # s after a request: people who draw pause for less
_PAUSE_PER_WORK = 3.0
_MAX_PAUSE = 1.0  # s


class SearchQueue:
    """Queue of at most `most` requests besides the one that is computed, each for at most `seconds`.

    For one event loop. If the queue is full, a client with fewer requests than another one replaces the newest request
    of that one. So one client cannot keep the others out.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._waiting: dict[str, list[asyncio.Timeout]] = {}  # requests of each client, the newest last
        self._last = -math.inf  # when the last request left, by the clock of the event loop

    @property
    def length(self) -> int:
        """Number of requests that wait or are computed."""
        return sum(map(len, self._waiting.values()))

    def check(self, client: str) -> None:
        """Raise BusyError if the queue has no place for a request of this client."""
        if self.length > self._most and self._find_longest(client) is None:
            raise _busy(f"the search queue is full ({self._most} waiting)")

    @asynccontextmanager
    async def slot(self, client: str) -> AsyncIterator[None]:
        """Hold a place in the queue while the block runs. The block is cancelled if it takes too long.

        Raises BusyError, at once or when another client takes the place, and TooLateError when the time is over.
        """
        self.check(client)
        if self.length > self._most:
            self._evict_for(client)
        timeout = asyncio.timeout(self._seconds)
        self._waiting.setdefault(client, []).append(timeout)
        try:
            async with timeout:
                yield
        except TimeoutError:
            if not timeout.expired():
                raise
            if timeout not in self._waiting.get(client, ()):
                raise _busy("the queue is full, mostly of your searches: one gave way to another client") from None
            message = f"the search was not done within {self._seconds:g} s; try again in {_RETRY_AFTER} s"
            raise TooLateError(message, _RETRY_AFTER) from None
        finally:
            self._remove(client, timeout)
            self._last = asyncio.get_running_loop().time()

    async def give_way(self, seconds: float) -> float:
        """Pause other work that has taken `seconds`, so that searches have most of the time; return the seconds paused.

        Does not pause if nobody has searched lately.
        """
        if not self._waiting and asyncio.get_running_loop().time() - self._last > _IN_USE:
            return 0.0
        pause = min(_MAX_PAUSE, _PAUSE_PER_WORK * seconds)
        await asyncio.sleep(pause)
        return pause

    def _find_longest(self, client: str) -> str | None:
        """Find the other client with most requests, if it still has at least as many as this one after the swap."""
        longest = max(self._waiting, key=lambda name: len(self._waiting[name]), default=client)
        own = len(self._waiting.get(client, ()))
        return longest if len(self._waiting.get(longest, ())) > own + 1 else None

    def _evict_for(self, client: str) -> None:
        """Cancel the newest request of the client with most: it has waited least, and is hardly begun."""
        longest = self._find_longest(client)
        assert longest is not None  # check() has just verified it
        newest = self._waiting[longest][-1]
        self._remove(longest, newest)
        if not newest.expired():
            newest.reschedule(asyncio.get_running_loop().time())

    def _remove(self, client: str, timeout: asyncio.Timeout) -> None:
        with suppress(KeyError, ValueError):  # it was evicted for another client
            self._waiting[client].remove(timeout)
            if not self._waiting[client]:
                del self._waiting[client]


def _busy(reason: str) -> BusyError:
    return BusyError(f"{reason}; try again in {_RETRY_AFTER} s", _RETRY_AFTER)

"""The queue of searches: bounded in length and in time, and shared fairly among clients."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from app.core.retry_errors import BusyError, TooLateError

_RETRY_AFTER = 1  # s: a full queue of 32 searches is worked off in about that time


class SearchQueue:
    """At most `most` requests that wait besides the one whose turn it is, for `seconds` each. Of one event loop.

    When it is full, a client that has fewer requests in it than another one takes the place of the other one's newest,
    so that no client keeps the others out.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._members: dict[str, list[asyncio.Timeout]] = {}  # of each client, the newest last

    @property
    def length(self) -> int:
        """How many requests wait, or are computed."""
        return sum(map(len, self._members.values()))

    def check(self, client: str) -> None:
        """Raise BusyError when there is no room for a request of this client."""
        if self.length > self._most and self._longest(client) is None:
            raise _busy(f"{self._most} searches are waiting already: expected fewer")

    @asynccontextmanager
    async def slot(self, client: str) -> AsyncIterator[None]:
        """Be in the line for as long as the block takes, which is cancelled when it takes too long.

        Raises BusyError, at once or when another client takes the place, and TooLateError when the time is over.
        """
        self.check(client)
        if self.length > self._most:
            self._make_room(client)
        patience = asyncio.timeout(self._seconds)
        self._members.setdefault(client, []).append(patience)
        try:
            async with patience:
                yield
        except TimeoutError:
            if not patience.expired():
                raise
            if patience not in self._members.get(client, ()):
                raise _busy("too many of your searches are waiting: another client has taken the place") from None
            expected = f"expected within {self._seconds:g} s, so try again in {_RETRY_AFTER} s"
            message = f"the search has not been done in time: {expected}"
            raise TooLateError(message, _RETRY_AFTER) from None
        finally:
            self._leave(client, patience)

    def _longest(self, client: str) -> str | None:
        """The other client with most requests, if it has still as many as this one after giving a place to it."""
        longest = max(self._members, key=lambda name: len(self._members[name]), default=client)
        own = len(self._members.get(client, ()))
        return longest if len(self._members.get(longest, ())) > own + 1 else None

    def _make_room(self, client: str) -> None:
        """Cancel the newest request of the client that has most. It has waited least, and is hardly begun."""
        longest = self._longest(client)
        assert longest is not None  # as check() has found
        newest = self._members[longest][-1]
        self._leave(longest, newest)
        if not newest.expired():
            newest.reschedule(asyncio.get_running_loop().time())

    def _leave(self, client: str, patience: asyncio.Timeout) -> None:
        with suppress(KeyError, ValueError):  # it has been cancelled for another client
            self._members[client].remove(patience)
            if not self._members[client]:
                del self._members[client]


def _busy(reason: str) -> BusyError:
    return BusyError(f"{reason}, so try again in {_RETRY_AFTER} s", _RETRY_AFTER)

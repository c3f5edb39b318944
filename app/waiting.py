"""Who may wait for a search: only so many, and only for so long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from app.errors import later

_RETRY_AFTER = 1  # s: a full queue of 32 searches is worked off in about that time

_T = TypeVar("_T")


class WaitingLine:
    """At most `most` requests that wait besides the one whose turn it is, for `seconds` each. Of one event loop."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self.length = 0

    def check(self) -> None:
        """Raises ApiError busy when there is no room."""
        if self.length > self._most:
            found = f"{self._most} searches are waiting already"
            raise later(503, "busy", f"{found}: expected fewer, so try again in {_RETRY_AFTER} s", _RETRY_AFTER)

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[None]:
        """Be in the line for as long as the block takes, which is cancelled when it takes too long.

        Raises ApiError busy, and too_late when the time is over.
        """
        self.check()
        self.length += 1
        try:
            async with asyncio.timeout(self._seconds) as patience:
                yield
        except TimeoutError:
            if not patience.expired():
                raise
            expected = f"expected within {self._seconds:g} s, so try again in {_RETRY_AFTER} s"
            message = f"the search has not been done in time: {expected}"
            raise later(503, "too_late", message, _RETRY_AFTER) from None
        finally:
            self.length -= 1


async def unless_gone(request: Request, work: Awaitable[_T]) -> _T:
    """What `work` comes to; when the client leaves first, it is cancelled, so that nothing is computed for nobody.

    The request's body must have been read. Raises ClientDisconnect.
    """
    computed = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(left(request))
    try:
        await asyncio.wait((computed, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not computed.done():
            raise ClientDisconnect
        return computed.result()
    finally:
        for task in (computed, leaving):
            task.cancel()
        with suppress(asyncio.CancelledError):
            await leaving


async def left(request: Request) -> None:
    """Wait until the client disconnects. Takes what is left of the body."""
    while (await request.receive())["type"] != "http.disconnect":
        pass

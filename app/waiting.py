"""Whose turn it is: searches are computed one at a time, and only so many may wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from app.errors import ApiError

_RETRY_AFTER = 1  # s: a full queue of 32 searches is worked off in about that time

_T = TypeVar("_T")


class WaitingLine:
    """At most `most` requests that wait besides the one whose turn it is. Belongs to one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.length = 0

    def check(self) -> None:
        """Raises ApiError busy when there is no room."""
        if self.length > self._most:
            message = f"{self._most} searches are waiting already: expected fewer, so try again in {_RETRY_AFTER} s"
            detail = {"retry_after": _RETRY_AFTER}
            raise ApiError(503, "busy", message, detail, {"Retry-After": str(_RETRY_AFTER)})

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Be in the line for as long as the block takes. Raises ApiError busy."""
        self.check()
        self.length += 1
        try:
            yield
        finally:
            self.length -= 1


async def unless_gone(request: Request, work: Awaitable[_T]) -> _T:
    """What `work` comes to; when the client leaves first, it is cancelled, so that nothing is computed for nobody.

    The request's body must have been read. Raises ClientDisconnect.
    """
    computed = asyncio.ensure_future(work)
    left = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((computed, left), return_when=asyncio.FIRST_COMPLETED)
        if not computed.done():
            raise ClientDisconnect
        return computed.result()
    finally:
        for task in (computed, left):
            task.cancel()
        with suppress(asyncio.CancelledError):
            await left


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass

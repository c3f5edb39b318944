"""Cancellation of work whose client has disconnected."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

_T = TypeVar("_T")


async def cancel_on_disconnect(request: Request, work: Awaitable[_T]) -> _T:
    """Await `work`, and cancel it if the client disconnects first.

    The request's body must have been read. Raises ClientDisconnect.
    """
    computed = asyncio.ensure_future(work)
    disconnected = asyncio.ensure_future(wait_for_disconnect(request))
    try:
        await asyncio.wait((computed, disconnected), return_when=asyncio.FIRST_COMPLETED)
        if not computed.done():
            raise ClientDisconnect
        return computed.result()
    finally:
        for task in (computed, disconnected):
            task.cancel()
        with suppress(asyncio.CancelledError):
            await disconnected


async def wait_for_disconnect(request: Request) -> None:
    """Wait until the client disconnects. Discards the unread part of the body."""
    while (await request.receive())["type"] != "http.disconnect":
        pass

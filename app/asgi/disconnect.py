"""Cancellation of work whose client has disconnected."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

_T = TypeVar("_T")


async def cancel_on_disconnect(request: Request, work: Awaitable[_T]) -> _T:
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

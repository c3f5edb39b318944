"""Bodies of requests as they arrive: not too much of them, nor too slowly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from starlette.requests import Request

from app.asgi.body_memory import UNCOUNTED, Reservation
from app.asgi.errors import ApiError

PATIENCE = 30.0  # s that a client may be silent, or behind the slowest rate
SLOWEST = 4000  # bytes/s: less than any network gives that a page can be used on


async def read_body(request: Request, max_bytes: int, hold: Reservation) -> bytes:
    """The whole body. Raises ApiError body_too_large as soon as it is known to be, busy, and too_slow."""
    body = bytearray()
    async for piece in stream_body(request, max_bytes):
        body += piece
        if len(body) > UNCOUNTED:
            hold.grow_to(len(body))
    return bytes(body)


async def stream_body(request: Request, max_bytes: int) -> AsyncGenerator[bytes, None]:
    """The body piece by piece; only the time that the client is waited for counts.

    Raises ApiError body_too_large and too_slow.
    """
    _check_announced(request, max_bytes)
    clock = asyncio.get_running_loop().time
    size, left = 0, PATIENCE
    stream = request.stream()
    while True:
        started = clock()
        try:
            async with asyncio.timeout(left):
                piece = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise _too_slow(size) from None
        size += len(piece)
        if size > max_bytes:
            raise body_too_large(f"more than {max_bytes}", max_bytes)
        left = min(left - (clock() - started) + len(piece) / SLOWEST, PATIENCE)
        yield piece


def _check_announced(request: Request, max_bytes: int) -> None:
    """Raises ApiError body_too_large if the headers announce more."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 18 or int(announced) > max_bytes):
        raise body_too_large(announced[:18], max_bytes)


def body_too_large(size: str, limit: int) -> ApiError:
    """The error for a body of more bytes than allowed."""
    return ApiError(413, "body_too_large", f"the body has {size} bytes: expected at most {limit}", {"limit": limit})


def _too_slow(size: int) -> ApiError:
    """The error for a body that does not come; nothing more is read from its connection."""
    expected = f"expected {SLOWEST} bytes/s at least, and no pause of {PATIENCE:g} s"
    message = f"the body comes too slowly, {size} bytes so far: {expected}"
    return ApiError(408, "too_slow", message, headers={"Connection": "close"})

"""Readers of request bodies with a size limit and a minimum rate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from starlette.requests import Request

from app.asgi.body_memory import UNCOUNTED, Reservation
from app.asgi.errors import ApiError

MAX_DELAY = 30.0  # s that a client may be silent, or behind the minimum rate
MIN_RATE = 4000  # bytes/s: less than any network on which the page is usable


async def read_body(request: Request, max_bytes: int, reservation: Reservation) -> bytes:
    """Read the whole body. Raises ApiError busy, too_slow, and body_too_large as early as possible."""
    body = bytearray()
    async for chunk in stream_body(request, max_bytes):
        body += chunk
        if len(body) > UNCOUNTED:
            reservation.grow_to(len(body))
    return bytes(body)


async def stream_body(request: Request, max_bytes: int) -> AsyncGenerator[bytes, None]:
    """Yield the body in chunks. Only the time spent waiting for the client counts towards its delay.

    Raises ApiError body_too_large and too_slow.
    """
    _check_content_length(request, max_bytes)
    clock = asyncio.get_running_loop().time
    size, left = 0, MAX_DELAY
    stream = request.stream()
    while True:
        started = clock()
        try:
            async with asyncio.timeout(left):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise _too_slow_error(size) from None
        size += len(chunk)
        if size > max_bytes:
            raise body_too_large_error(f"more than {max_bytes}", max_bytes)
        left = min(left - (clock() - started) + len(chunk) / MIN_RATE, MAX_DELAY)
        yield chunk


def _check_content_length(request: Request, max_bytes: int) -> None:
    """Check the announced size. Raises ApiError body_too_large."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 18 or int(announced) > max_bytes):
        raise body_too_large_error(announced[:18], max_bytes)


def body_too_large_error(size: str, limit: int) -> ApiError:
    """Return the error for a body of more than `limit` bytes."""
    return ApiError(413, "body_too_large", f"the body has {size} bytes: expected at most {limit}", {"limit": limit})


def _too_slow_error(size: int) -> ApiError:
    """Return the error for a body that stalled after `size` bytes. The connection closes after the answer."""
    expected = f"expected at least {MIN_RATE} bytes/s and no pause of {MAX_DELAY:g} s"
    message = f"the body arrives too slowly ({size} bytes so far): {expected}"
    return ApiError(408, "too_slow", message, headers={"Connection": "close"})

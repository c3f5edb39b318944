"""Multipart forms and raw bodies."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from starlette.datastructures import FormData, Headers
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from app.asgi.body_memory import Reservation
from app.asgi.body_reader import read_body
from app.asgi.errors import ApiError
from app.core.error_text import truncate

_BINARY = {"type": "string", "format": "binary"}


async def sent(request: Request, hold: Reservation, max_bytes: int, expected: str) -> bytes:
    """The body, unless it is empty or compressed. Raises ApiError."""
    data = await read_body(request, max_bytes, hold)
    if not data:
        raise ApiError(400, "empty_body", f"the body is empty: expected {expected}")
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise unsupported("content-encoding", encoding, "a body that is not compressed")
    return data


def media_type(request: Request) -> str:
    """The content type without its parameters; "" when there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


class _InMemory(MultiPartParser):
    """Keeps every part in memory: the whole body is there already, and sketches do not belong on a disk."""

    spool_max_size = 0  # no limit


async def read_form(headers: Headers, data: bytes, most: int) -> FormData:
    """A multipart body of at most so many files, and as many texts. Raises ApiError bad_multipart."""
    try:
        return await _InMemory(headers, _once(data), max_files=most, max_fields=most).parse()
    except MultiPartException as error:
        raise bad_multipart(error) from None


async def _once(data: bytes) -> AsyncGenerator[bytes, None]:
    yield data


def bad_multipart(error: MultiPartException) -> ApiError:
    """The error for a form that cannot be read."""
    reason = error.message.rstrip(".")
    return ApiError(400, "bad_multipart", f"the multipart body cannot be read: {reason}")


def unsupported(header: str, value: str, expected: str) -> ApiError:
    """The error for a header that says the body is of a kind that is not taken."""
    found = f"is {truncate(value)}" if value else "is missing"
    return ApiError(415, "unsupported_media_type", f"{header} {found}: expected {expected}")


def _multipart(**properties: Any) -> dict[str, Any]:
    return {"schema": {"type": "object", "properties": properties}}

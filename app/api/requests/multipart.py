"""Readers of multipart forms, JSON and raw bodies."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar

from pydantic import ValidationError
from starlette.datastructures import FormData, Headers
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from app.asgi.body_memory import Reservation
from app.asgi.body_reader import read_body
from app.asgi.errors import ApiError
from app.core.error_text import describe_first_error, truncate

BodyT = TypeVar("BodyT")

BINARY_SCHEMA = {"type": "string", "format": "binary"}
"""JSON schema of a file in a multipart form."""


async def read_nonempty_body(request: Request, reservation: Reservation, max_bytes: int, expected: str) -> bytes:
    """Read the body. Raises ApiError if it is empty, compressed, too large or too slow."""
    data = await read_body(request, max_bytes, reservation)
    if not data:
        raise empty_body_error(expected)
    check_uncompressed(request, "a body")
    return data


async def read_json_body(
    request: Request,
    reservation: Reservation,
    max_bytes: int,
    expected: str,
    validate: Callable[[bytes], BodyT],
) -> BodyT:
    """Read a JSON body by a function that raises pydantic's ValidationError. Raises ApiError."""
    if media_type(request) != "application/json":
        raise unsupported_media_error("content-type", request.headers.get("content-type", ""), expected)
    data = await read_nonempty_body(request, reservation, max_bytes, expected)
    try:
        return validate(data)
    except ValidationError as error:
        where, message = describe_first_error(error)
        raise ApiError(422, "invalid_parameter", message, {"parameter": where[:80]}) from None


def empty_body_error(expected: str) -> ApiError:
    """Return the error for an empty body."""
    return ApiError(400, "empty_body", f"the body is empty: expected {expected}")


def check_uncompressed(request: Request, what: str) -> None:
    """Check that the body has no encoding. Raises ApiError unsupported_media_type."""
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise unsupported_media_error("content-encoding", encoding, f"{what} that is not compressed")


def media_type(request: Request) -> str:
    """Return the content type without its parameters, or "" if the header is missing."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


class _InMemoryParser(MultiPartParser):
    """Parser that keeps all parts in memory, since the body is in memory and sketches should not be written to disk."""

    spool_max_size = 0  # no limit


async def parse_form(headers: Headers, data: bytes, max_parts: int) -> FormData:
    """Parse a multipart body of at most `max_parts` files, and as many texts. Raises ApiError bad_multipart."""
    try:
        return await _InMemoryParser(headers, _stream_bytes(data), max_files=max_parts, max_fields=max_parts).parse()
    except MultiPartException as error:
        raise bad_multipart_error(error) from None


async def _stream_bytes(data: bytes) -> AsyncGenerator[bytes, None]:
    yield data


def bad_multipart_error(error: MultiPartException) -> ApiError:
    """Return the error for a malformed form."""
    reason = error.message.rstrip(".")
    return ApiError(400, "bad_multipart", f"the multipart body cannot be read: {reason}")


def unsupported_media_error(header: str, value: str, expected: str) -> ApiError:
    """Return the error for a header with an unsupported type or encoding of the body."""
    problem = f"is {truncate(value)}" if value else "is missing"
    return ApiError(415, "unsupported_media_type", f"{header} {problem}: expected {expected}")


def multipart_schema(**properties: Any) -> dict[str, Any]:
    """Return OpenAPI's media type object of a multipart form with these fields."""
    return {"schema": {"type": "object", "properties": properties}}

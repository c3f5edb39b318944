"""Feed uploads of `POST /products/import`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from app.api.requests.multipart import (
    BINARY_SCHEMA,
    bad_multipart_error,
    check_uncompressed,
    media_type,
    multipart_schema,
    unsupported_media_error,
)
from app.api.requests.spooled_body import spool_body, stream_to_disk
from app.asgi.errors import ApiError
from app.core.disk_errors import translate_disk_errors
from app.core.error_text import truncate

_MEDIA_TYPES = (
    *("text/tab-separated-values", "text/csv", "text/plain"),
    *("application/jsonl", "application/x-ndjson", "application/json"),
    *("application/xml", "text/xml", "application/rss+xml", "application/atom+xml"),
    "application/octet-stream",
)

FEED = "feed"
_EXPECTED = f"a feed as multipart/form-data with a field `{FEED}`, {', '.join(_MEDIA_TYPES)}"


IMPORT_DOCS = {
    "required": True,
    "content": {
        "multipart/form-data": multipart_schema(feed={**BINARY_SCHEMA, "description": "TSV, CSV, JSON Lines or XML"}),
        **{kind: {"schema": BINARY_SCHEMA} for kind in _MEDIA_TYPES},
    },
}
"""OpenAPI's `requestBody` of a route that takes a feed."""


@asynccontextmanager
async def read_feed_upload(request: Request, max_bytes: int) -> AsyncIterator[BinaryIO]:
    """Open the feed in a request's body as a temporary file until the end of the block. Raises ApiError."""
    kind = media_type(request)
    if kind != "multipart/form-data" and kind not in _MEDIA_TYPES:
        raise unsupported_media_error("content-type", request.headers.get("content-type", ""), _EXPECTED)
    check_uncompressed(request, "a feed")
    chunks = stream_to_disk(request, max_bytes)
    if kind == "multipart/form-data":
        async with _open_feed_field(request, chunks) as feed:
            yield feed
        return
    async with spool_body(chunks, _EXPECTED) as feed:
        yield feed


@asynccontextmanager
async def _open_feed_field(request: Request, chunks: AsyncGenerator[bytes, None]) -> AsyncIterator[BinaryIO]:
    """Open the file in the field `feed` of a multipart body. Raises ApiError."""
    try:
        with translate_disk_errors():
            form = await MultiPartParser(request.headers, chunks, max_files=1, max_fields=5).parse()
    except MultiPartException as error:
        raise bad_multipart_error(error) from None
    try:
        feed = form.get(FEED)
        if not isinstance(feed, UploadFile):
            names = ", ".join(truncate(name) for name in form) or "no field"
            message = f"field {FEED!r} is missing: found {names}, expected a file in {FEED!r}"
            raise ApiError(422, "invalid_parameter", message, {"parameter": FEED})
        if not feed.size:
            raise ApiError(400, "empty_body", f"field {FEED!r} is empty: expected a feed")
        yield feed.file
    finally:
        await form.close()

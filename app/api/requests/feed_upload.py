"""Feed uploads of `POST /products/import`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO

from starlette.datastructures import FormData, UploadFile
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
_MAX_FIELDS = 10  # beside the feed
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
    if kind == "multipart/form-data":
        async with open_upload_form(request, max_bytes) as form:
            yield _get_feed(form)
        return
    check_uncompressed(request, "a feed")
    async with spool_body(stream_to_disk(request, max_bytes), _EXPECTED) as feed:
        yield feed


@asynccontextmanager
async def open_upload_form(request: Request, max_bytes: int) -> AsyncIterator[FormData]:
    """Open a multipart form with a feed until the end of the block. Large files are on the disk. Raises ApiError."""
    if media_type(request) != "multipart/form-data":
        raise unsupported_media_error("content-type", request.headers.get("content-type", ""), "multipart/form-data")
    check_uncompressed(request, "a form")
    chunks = stream_to_disk(request, max_bytes)
    try:
        with translate_disk_errors():
            form = await MultiPartParser(request.headers, chunks, max_files=1, max_fields=_MAX_FIELDS).parse()
    except MultiPartException as error:
        raise bad_multipart_error(error) from None
    try:
        yield form
    finally:
        await form.close()


def _get_feed(form: FormData) -> BinaryIO:
    """Return the file in the field `feed` of a form. Raises ApiError."""
    feed = form.get(FEED)
    if not isinstance(feed, UploadFile):
        names = ", ".join(truncate(name) for name in form) or "no field"
        message = f"field {FEED!r} is missing: found {names}, expected a file in {FEED!r}"
        raise ApiError(422, "invalid_parameter", message, {"parameter": FEED})
    if not feed.size:
        raise ApiError(400, "empty_body", f"field {FEED!r} is empty: expected a feed")
    return feed.file

"""Feed uploads of `POST /products/import`."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, cast

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from app.api.requests.multipart import (
    BINARY_SCHEMA,
    bad_multipart_error,
    media_type,
    multipart_schema,
    unsupported_media_error,
)
from app.asgi.body_reader import stream_body
from app.asgi.errors import ApiError
from app.core.atomic_files import check_space
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
_MEMORY = 2**20  # bytes of a feed in memory; larger feeds go to a temporary file


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
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise unsupported_media_error("content-encoding", encoding, "a feed that is not compressed")
    chunks = _check_disk_space(stream_body(request, max_bytes))
    if kind == "multipart/form-data":
        async with _open_feed_field(request, chunks) as feed:
            yield feed
        return
    with tempfile.SpooledTemporaryFile(_MEMORY) as spooled:
        async for chunk in chunks:
            with translate_disk_errors():
                await run_in_threadpool(spooled.write, chunk)
        if not spooled.tell():
            raise ApiError(400, "empty_body", f"the body is empty: expected {_EXPECTED}")
        spooled.seek(0)
        yield cast(BinaryIO, spooled)


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


async def _check_disk_space(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield the chunks of a temporary file. Raises StorageError before the disk is full."""
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > _MEMORY:
            with translate_disk_errors():
                await run_in_threadpool(check_space, Path(tempfile.gettempdir()))
        yield chunk

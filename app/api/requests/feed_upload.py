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

from app.api.requests.multipart import _BINARY, _multipart, bad_multipart, media_type, unsupported
from app.asgi.body_reader import stream_body
from app.asgi.errors import ApiError
from app.core.atomic_files import check_space
from app.core.disk_errors import translate_disk_errors
from app.core.error_text import truncate

_FEEDS = (
    *("text/tab-separated-values", "text/csv", "text/plain"),
    *("application/jsonl", "application/x-ndjson", "application/json"),
    *("application/xml", "text/xml", "application/rss+xml", "application/atom+xml"),
    "application/octet-stream",
)


FEED = "feed"
_IMPORT = f"a feed as multipart/form-data with a field `{FEED}`, {', '.join(_FEEDS)}"
_MEMORY = 2**20  # bytes of a feed that wait in memory before they go to a temporary file


IMPORT_DOCS = {
    "required": True,
    "content": {
        "multipart/form-data": _multipart(feed=_BINARY),
        **{kind: {"schema": _BINARY} for kind in _FEEDS},
    },
}


@asynccontextmanager
async def read_feed_upload(request: Request, max_bytes: int) -> AsyncIterator[BinaryIO]:
    """The feed in a request's body, in a temporary file for as long as the block takes. Raises ApiError."""
    kind = media_type(request)
    if kind != "multipart/form-data" and kind not in _FEEDS:
        raise unsupported("content-type", request.headers.get("content-type", ""), _IMPORT)
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise unsupported("content-encoding", encoding, "a feed that is not compressed")
    chunks = _while_there_is_space(stream_body(request, max_bytes))
    if kind == "multipart/form-data":
        async with _feed_in(request, chunks) as feed:
            yield feed
        return
    with tempfile.SpooledTemporaryFile(_MEMORY) as spooled:
        async for chunk in chunks:
            with translate_disk_errors():
                await run_in_threadpool(spooled.write, chunk)
        if not spooled.tell():
            raise ApiError(400, "empty_body", f"the body is empty: expected {_IMPORT}")
        spooled.seek(0)
        yield cast(BinaryIO, spooled)


@asynccontextmanager
async def _feed_in(request: Request, chunks: AsyncGenerator[bytes, None]) -> AsyncIterator[BinaryIO]:
    """The file in the field `feed` of a multipart body."""
    try:
        with translate_disk_errors():
            form = await MultiPartParser(request.headers, chunks, max_files=1, max_fields=5).parse()
    except MultiPartException as error:
        raise bad_multipart(error) from None
    try:
        feed = form.get(FEED)
        if not isinstance(feed, UploadFile):
            found = ", ".join(truncate(name) for name in form) or "no field"
            message = f"field {FEED!r} is missing: found {found}, expected a file in {FEED!r}"
            raise ApiError(422, "invalid_parameter", message, {"parameter": FEED})
        if not feed.size:
            raise ApiError(400, "empty_body", f"field {FEED!r} is empty: expected a feed")
        yield feed.file
    finally:
        await form.close()


async def _while_there_is_space(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Pass on what goes to a temporary file. Raises NotStored rather than fill the disk."""
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > _MEMORY:
            with translate_disk_errors():
                await run_in_threadpool(check_space, Path(tempfile.gettempdir()))
        yield chunk

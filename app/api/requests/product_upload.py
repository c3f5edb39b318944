"""What requests that write bring: a product's metadata and photos, or a whole feed."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from app.api.requests.sketch_upload import bad_multipart, media_type, read_form, sent, unsupported
from app.api.schemas.writes import ProductBody, parse_product
from app.asgi.body_memory import Hold
from app.asgi.body_reader import pieces
from app.asgi.errors import ApiError
from app.core.atomic_files import check_space
from app.core.error_text import short
from app.database.rows import storing
from app.products.product import MAX_PHOTOS

PHOTO, PRODUCT, FEED = "photo", "product", "feed"

_BINARY = {"type": "string", "format": "binary"}
_FEEDS = (
    *("text/tab-separated-values", "text/csv", "text/plain"),
    *("application/jsonl", "application/x-ndjson", "application/json"),
    *("application/xml", "text/xml", "application/rss+xml", "application/atom+xml"),
    "application/octet-stream",
)
_PUT = f"multipart/form-data with fields `{PHOTO}` and `{PRODUCT}`, or application/json"
_IMPORT = f"a feed as multipart/form-data with a field `{FEED}`, {', '.join(_FEEDS)}"
_MEMORY = 2**20  # bytes of a feed that wait in memory before they go to a temporary file


def _multipart(**properties: Any) -> dict[str, Any]:
    return {"schema": {"type": "object", "properties": properties}}


PUT_DOCS = {
    "required": True,
    "content": {
        "application/json": {"schema": ProductBody.model_json_schema()},
        "multipart/form-data": _multipart(
            photo={"type": "array", "items": _BINARY, "maxItems": MAX_PHOTOS},
            product={"type": "string", "description": "JSON, as application/json has it"},
        ),
    },
}
"""OpenAPI's `requestBody` of a route that takes a product."""
IMPORT_DOCS = {
    "required": True,
    "content": {
        "multipart/form-data": _multipart(feed=_BINARY),
        **{kind: {"schema": _BINARY} for kind in _FEEDS},
    },
}
"""The same for a feed."""


class PhotoUpload(NamedTuple):
    """A photo as it was sent."""

    filename: str
    data: bytes


@dataclass(frozen=True)
class ProductUpload:
    """A product as it was sent: without metadata it keeps what it has, and without photos too."""

    metadata: ProductBody | None
    photos: list[PhotoUpload]


async def read_product(request: Request, hold: Hold, max_bytes: int) -> ProductUpload:
    """The product in a request's body. Raises ApiError."""
    kind = media_type(request)
    if kind not in ("application/json", "multipart/form-data"):
        raise unsupported("content-type", request.headers.get("content-type", ""), _PUT)
    data = await sent(request, hold, max_bytes, f"a product as {_PUT}")
    if kind == "application/json":
        return ProductUpload(parse_product(data), [])
    form = await read_form(request.headers, data, MAX_PHOTOS + 1)
    try:
        return await _product_in(form)
    finally:
        await form.close()


async def _product_in(form: FormData) -> ProductUpload:
    unknown = [name for name in form if name not in (PHOTO, PRODUCT)]
    if unknown:
        message = f"field {short(unknown[0])} is unknown: expected files in {PHOTO!r} and JSON in {PRODUCT!r}"
        raise ApiError(422, "invalid_parameter", message, {"parameter": unknown[0][:80]})
    photos = [await _photo(part) for part in form.getlist(PHOTO)]
    if len(photos) > MAX_PHOTOS:
        raise ApiError(422, "invalid_parameter", f"there are {len(photos)} photos: expected at most {MAX_PHOTOS}")
    parts = form.getlist(PRODUCT)
    if len(parts) > 1:
        raise ApiError(422, "invalid_parameter", f"field {PRODUCT!r} comes {len(parts)} times: expected it once")
    if not parts and not photos:
        message = f"neither {PHOTO!r} nor {PRODUCT!r} is there: expected at least one of these fields"
        raise ApiError(422, "invalid_parameter", message)
    if not parts:
        return ProductUpload(None, photos)
    text = parts[0]
    return ProductUpload(parse_product(await text.read() if isinstance(text, UploadFile) else text.encode()), photos)


async def _photo(part: UploadFile | str) -> PhotoUpload:
    if not isinstance(part, UploadFile):
        raise ApiError(422, "invalid_parameter", f"field {PHOTO!r} is text: expected a file (with a filename)")
    return PhotoUpload(part.filename or "", await part.read())


@asynccontextmanager
async def read_feed_upload(request: Request, max_bytes: int) -> AsyncIterator[BinaryIO]:
    """The feed in a request's body, in a temporary file for as long as the block takes. Raises ApiError."""
    kind = media_type(request)
    if kind != "multipart/form-data" and kind not in _FEEDS:
        raise unsupported("content-type", request.headers.get("content-type", ""), _IMPORT)
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise unsupported("content-encoding", encoding, "a feed that is not compressed")
    chunks = _while_there_is_space(pieces(request, max_bytes))
    if kind == "multipart/form-data":
        async with _feed_in(request, chunks) as feed:
            yield feed
        return
    with tempfile.SpooledTemporaryFile(_MEMORY) as spooled:
        async for chunk in chunks:
            with storing():
                await run_in_threadpool(spooled.write, chunk)
        if not spooled.tell():
            raise ApiError(400, "empty_body", f"the body is empty: expected {_IMPORT}")
        spooled.seek(0)
        yield cast(BinaryIO, spooled)


async def _while_there_is_space(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Pass on what goes to a temporary file. Raises NotStored rather than fill the disk."""
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > _MEMORY:
            with storing():
                await run_in_threadpool(check_space, Path(tempfile.gettempdir()))
        yield chunk


@asynccontextmanager
async def _feed_in(request: Request, chunks: AsyncGenerator[bytes, None]) -> AsyncIterator[BinaryIO]:
    """The file in the field `feed` of a multipart body."""
    try:
        with storing():
            form = await MultiPartParser(request.headers, chunks, max_files=1, max_fields=5).parse()
    except MultiPartException as error:
        raise bad_multipart(error) from None
    try:
        feed = form.get(FEED)
        if not isinstance(feed, UploadFile):
            found = ", ".join(short(name) for name in form) or "no field"
            message = f"field {FEED!r} is missing: found {found}, expected a file in {FEED!r}"
            raise ApiError(422, "invalid_parameter", message, {"parameter": FEED})
        if not feed.size:
            raise ApiError(400, "empty_body", f"field {FEED!r} is empty: expected a feed")
        yield feed.file
    finally:
        await form.close()

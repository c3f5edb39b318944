"""Bulk updates of `PATCH /products`: a product's changes in each line of a JSON Lines body."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, BinaryIO, NamedTuple

from starlette.requests import Request

from app.api.requests.multipart import check_uncompressed, media_type, unsupported_media_error
from app.api.requests.spooled_body import spool_body, stream_to_disk
from app.api.schemas.patches import PatchBody, parse_patch_line
from app.api.schemas.writes import MAX_METADATA_BYTES
from app.asgi.errors import ApiError
from app.products.product_patch import ProductPatch

_MEDIA_TYPES = ("application/jsonl", "application/x-ndjson")
_EXPECTED = f"a product's changes in each line, as {' or '.join(_MEDIA_TYPES)}"
_EXAMPLE = '{"product_id": "boot-017", "price": "79.90 EUR"}\n{"product_id": "boot-018", "availability": "in_stock"}\n'
_BATCH_LINES = 100  # more are hardly quicker, and searches wait longer for the index to follow
_BATCH_BYTES = 2**21  # bounds memory when lines are long
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

PATCH_LINES_DOCS: dict[str, Any] = {
    "required": True,
    "description": "one object per line, with `product_id` and the fields to change",
    "content": {kind: {"schema": PatchBody.model_json_schema(), "example": _EXAMPLE} for kind in _MEDIA_TYPES},
}
"""OpenAPI's `requestBody` of a route that changes many products."""


class PatchLine(NamedTuple):
    """Line of a bulk update: its number from 1, and its changes or the reason why it is unusable."""

    number: int
    patch: ProductPatch | None
    error: str = ""


@asynccontextmanager
async def open_patch_lines(request: Request, max_bytes: int) -> AsyncIterator[Iterator[list[PatchLine]]]:
    """Open the lines of a body, in batches that are read one by one, until the end of the block. Raises ApiError.

    The whole body has arrived before the first line is read.
    """
    if media_type(request) not in _MEDIA_TYPES:
        raise unsupported_media_error("content-type", request.headers.get("content-type", ""), _EXPECTED)
    check_uncompressed(request, "a body")
    async with spool_body(stream_to_disk(request, max_bytes), _EXPECTED) as file:
        yield read_batches(file)


def read_batches(file: BinaryIO) -> Iterator[list[PatchLine]]:
    """Yield the lines of a file in batches of bounded size. Blank lines are left out."""
    batch, size = list[PatchLine](), 0
    for number, line in enumerate(_read_lines(file), 1):
        content = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
        if content.strip():
            batch.append(_parse_line(number, content))
            size += len(content)
        if len(batch) == _BATCH_LINES or size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _read_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file. A line that is too long is cut, yet stays too long."""
    while line := file.readline(MAX_METADATA_BYTES + 2):  # with its end
        yield line
        while not line.endswith(b"\n") and line:
            line = file.readline(MAX_METADATA_BYTES)


def _parse_line(number: int, line: bytes) -> PatchLine:
    """Parse a line."""
    try:
        return PatchLine(number, parse_patch_line(line.rstrip(b"\r\n")))
    except ApiError as error:
        return PatchLine(number, None, error.message)

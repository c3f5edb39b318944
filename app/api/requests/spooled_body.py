"""Large request bodies as temporary files."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from app.asgi.body_reader import stream_body
from app.asgi.errors import ApiError
from app.core.atomic_files import check_space
from app.core.disk_errors import translate_disk_errors

_MEMORY = 2**20  # bytes of a body in memory; larger bodies go to a temporary file


@asynccontextmanager
async def spool_body(chunks: AsyncGenerator[bytes, None], expected: str) -> AsyncIterator[BinaryIO]:
    """Open the whole body as a temporary file until the end of the block. Raises ApiError if it is empty."""
    with tempfile.SpooledTemporaryFile(_MEMORY) as spooled:
        async for chunk in chunks:
            with translate_disk_errors():
                await run_in_threadpool(spooled.write, chunk)
        if not spooled.tell():
            raise ApiError(400, "empty_body", f"the body is empty: expected {expected}")
        spooled.seek(0)
        yield cast(BinaryIO, spooled)


async def stream_to_disk(request: Request, max_bytes: int) -> AsyncGenerator[bytes, None]:
    """Yield the chunks of a body that a temporary file will hold.

    Raises ApiError as stream_body() does, and StorageError before the disk is full.
    """
    size = 0
    async for chunk in stream_body(request, max_bytes):
        size += len(chunk)
        if size > _MEMORY:
            with translate_disk_errors():
                await run_in_threadpool(check_space, Path(tempfile.gettempdir()))
        yield chunk

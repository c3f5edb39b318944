"""Reads of photos from a bucket, for requests."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from app.core.retry_errors import BusyError
from app.gallery.photo_store import PhotoStore

_THREADS = 16
_TIMEOUT = 15.0  # s, waiting for other reads included
_RETRY_AFTER = 10  # s


class PhotoReader:
    """Threads that read photos, from the first read until close(). A slow bucket holds up nothing but photos."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, "photos")

    async def read(self, photos: PhotoStore, file: str) -> bytes:
        """Read a file of a photo. Raises FileNotFoundError, BucketError, and BusyError after _TIMEOUT."""
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self._pool.submit(photos.files.read, file)), _TIMEOUT)
        except TimeoutError:
            message = f"the photo was not read within {_TIMEOUT:g} s: try again in {_RETRY_AFTER} s"
            raise BusyError(message, _RETRY_AFTER) from None

    def close(self) -> None:
        """Finish the reads that have begun."""
        self._pool.shutdown(cancel_futures=True)

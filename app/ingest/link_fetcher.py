"""Fetching of the photos that single writes link to, in threads of their own, since hosts may be slow."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

from app.core.retry_errors import BusyError
from app.photo_fetch.http_fetcher import FetchStoppedError
from app.photo_fetch.linked_photos import LinkedPhotos
from model.preprocessing.images import UnreadableImageError

_THREADS = 4  # writes whose photos are fetched at the same time
_RETRY_AFTER = 10  # s
SECONDS = 60.0  # for all photos of a write, its time in the queue included


class LinkFetcher:
    """Fetcher of photos by URL, with the address guard of feeds. Nothing runs before the first fetch."""

    def __init__(self, gallery: Path, *, allow_private: bool, seconds: float = SECONDS) -> None:
        self._open = partial(LinkedPhotos, None, gallery, allow_private=allow_private)
        self._pool = ThreadPoolExecutor(_THREADS, "fetch")
        self._seconds = seconds
        self._active: set[LinkedPhotos] = set()
        self._is_closed = False

    async def fetch(self, links: Sequence[str], max_bytes: int) -> list[bytes]:
        """Fetch the photos of one product.

        Raises UnreadableImageError for the first photo that cannot be fetched, or when they have more than `max_bytes`
        together or take too long. Raises BusyError when all threads are busy, and when the fetcher is closed.
        """
        with closing(await asyncio.to_thread(self._open)) as photos:
            self._active.add(photos)
            future = self._pool.submit(_fetch_all, photos, links, max_bytes)
            try:
                await asyncio.wait([result := asyncio.wrap_future(future)], timeout=self._seconds)
                if future.cancel():
                    raise BusyError(f"other photos are being fetched: try again in {_RETRY_AFTER} s", _RETRY_AFTER)
                if not future.done():
                    photos.stop()
                return await result
            except FetchStoppedError:
                if self._is_closed:
                    message = f"the server stops: nothing was changed; try again in {_RETRY_AFTER} s"
                    raise BusyError(message, _RETRY_AFTER) from None
                raise UnreadableImageError(f"the photos were not fetched within {self._seconds:g} s") from None
            finally:
                self._active.discard(photos)

    def close(self) -> None:
        """Interrupt all fetches within seconds."""
        self._is_closed = True
        for photos in list(self._active):
            photos.stop()
        self._pool.shutdown()


def _fetch_all(photos: LinkedPhotos, links: Sequence[str], max_bytes: int) -> list[bytes]:
    """Fetch photos in order. Raises UnreadableImageError and FetchStoppedError."""
    fetched, size = list[bytes](), 0
    for link in links:
        data = photos.fetch(link, None) or b""
        fetched.append(data)
        size += len(data)
        if size > max_bytes:
            raise UnreadableImageError(f"the photos have more than {max_bytes:,} bytes together: expected fewer")
    return fetched

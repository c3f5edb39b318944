"""Copy of a gallery's products in memory, so that searches outlast a database server that is away."""

from __future__ import annotations

import logging
import threading

from sqlalchemy.exc import OperationalError

from app.catalogue.product_cache import CAPACITY, ProductCache
from app.gallery.gallery import Gallery

MOST_PRODUCTS = CAPACITY * 4 // 5  # the rest is for products of other states
_INTERVAL = 1.0  # s
_BATCH = 1000  # products a read
_log = logging.getLogger(__name__)


class MemoryCopy:
    """Thread that reads the products of the newest snapshot into the cache of results, from start() to close().

    A gallery of more than MOST_PRODUCTS is not copied.
    """

    def __init__(self, gallery: Gallery, cache: ProductCache) -> None:
        self._gallery, self._cache = gallery, cache
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="memory copy", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the thread if it was started."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(_INTERVAL):
            try:
                self._read_missing()
            except OperationalError:
                pass  # the gallery logs that its database is away
            except Exception as error:  # the next attempt may succeed
                _log.warning("products cannot be copied to memory now: %r", error)

    def _read_missing(self) -> None:
        """Read the products that the cache lacks. Raises OperationalError."""
        revisions = self._gallery.snapshot.live_revisions()
        if revisions is None or len(revisions) > MOST_PRODUCTS or not self._gallery.contact.is_up:
            return
        missing = self._cache.missing(revisions.tolist())
        for start in range(0, len(missing), _BATCH):
            if self._stopping.is_set():
                return
            with self._gallery.catalogue.view() as view:
                self._cache.at_revisions(view, missing[start : start + _BATCH])

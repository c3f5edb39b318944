"""What changes a gallery while it is served: single products, whole feeds, and following what other processes write."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO, TypeVar

from app.catalogue.import_jobs import ImportJob
from app.core.cpu_limits import available_cpus
from app.core.disk_errors import translate_disk_errors
from app.core.retry_errors import BusyError
from app.core.shutdown import Shutdown
from app.core.wait_budget import waiting_at_most
from app.database.engine import WRITE_TIMEOUT
from app.decoding.photo_decoder import PhotoDecoder
from app.gallery.gallery import Gallery
from app.gallery.maintenance import Maintenance
from app.ingest.import_worker import ImportWorker
from app.ingest.pipeline import Ingest
from app.ingest.product_preparer import PreparedProduct, ProductUpdate
from model.checkpoint import Checkpoint

_RETRY_AFTER = 10  # s
_THREADS = 2  # that write single products: one can wait for the disk while the other computes
_IMPORT_BENCHES = 4  # at most, on half of the cores
_IMPORT_PATIENCE = 200  # times as long as a photo may compute may pass, since searches go first

_T = TypeVar("_T")


class GalleryWriter:
    """Changes one gallery.

    All that it does raises NotStored when the disk is in the way, and SQLAlchemyError when the database is.
    """

    def __init__(
        self, gallery: Gallery, checkpoint: Checkpoint, outdated: Callable[[], object], *, allow_private: bool
    ) -> None:
        self._gallery = gallery
        config = checkpoint.preprocess.config
        self._single = PhotoDecoder(config, _THREADS)
        # of its own, since imports are computed after all else, with the processes that decode for them
        self._imported = PhotoDecoder(config, max(1, min(_IMPORT_BENCHES, available_cpus() // 2)), _IMPORT_PATIENCE)
        self._ingest = Ingest(gallery.catalogue, gallery.photos, checkpoint, self._single.decode)
        self._pool = ThreadPoolExecutor(_THREADS, "write")
        if gallery.catalogue.operations.unfinished():
            self._imported.start()
        importing = Ingest(gallery.catalogue, gallery.photos, checkpoint, self._imported.decode)
        self._importer = ImportWorker(gallery.directory, gallery.catalogue, importing, allow_private=allow_private)
        self._upkeep = Maintenance(gallery, outdated)

    def close(self, shutdown: Shutdown) -> None:
        """Finish single writes; leave imports to the next process."""
        closers = {"single writes": self._pool.shutdown, "imports": self._close_imports, "upkeep": self._upkeep.close}
        shutdown.close(closers)
        shutdown.close({"photo decoders": self._single.close})

    def _close_imports(self) -> None:
        self._importer.stop()
        self._imported.close()  # what waits for them would hold the importer up
        self._importer.close()

    async def put(self, draft: ProductUpdate) -> PreparedProduct:
        """Write a product. Raises what Ingest.write() does."""
        return await self._run(lambda: self._ingest.write(draft))

    async def delete(self, product_id: str) -> int | None:
        """Delete a product: the revision from which on it is gone, None when there is none of that id."""
        return (await self._run(lambda: self._ingest.delete([product_id]))).get(product_id)

    async def import_feed(self, feed: BinaryIO) -> ImportJob:
        """Take a feed to be imported, which it will be from then on, whatever happens."""
        return await self._run(lambda: self._import(feed))

    async def _run(self, work: Callable[[], _T]) -> _T:
        """Do the work when its turn has come. Raises BusyError when that does not come within WRITE_TIMEOUT.

        What of that time is left then is for the database: that others have it for long is told after one such time.
        """
        end = time.monotonic() + WRITE_TIMEOUT

        def within() -> _T:
            with waiting_at_most(end - time.monotonic()):
                return work()

        future = self._pool.submit(within)
        with translate_disk_errors():
            await asyncio.wait([waited := asyncio.wrap_future(future)], timeout=WRITE_TIMEOUT)
            if future.cancel():
                waits = f"the change waits behind others since {WRITE_TIMEOUT:g} s"
                raise BusyError(f"{waits}: nothing was changed, try again in {_RETRY_AFTER} s", _RETRY_AFTER)
            return await waited

    def _import(self, feed: BinaryIO) -> ImportJob:
        self._imported.start()  # from here, as it would take long where the import is computed
        return self._importer.submit(feed)

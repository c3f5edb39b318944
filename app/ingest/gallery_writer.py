"""Writes to a gallery while it is served: single products, feed imports, and maintenance."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from typing import BinaryIO, TypeVar

from app.catalogue.import_jobs import ImportJob
from app.catalogue.import_options import MAX_REMOVED, ImportOptions
from app.catalogue.product_patches import PatchOutcome, patch_products
from app.core.cpu_limits import available_cpus
from app.core.disk_errors import translate_disk_errors
from app.core.retry_errors import BusyError
from app.core.shutdown import Shutdown
from app.core.wait_budget import waiting_at_most
from app.database.engine import WRITE_TIMEOUT
from app.decoding.photo_decoder import PhotoDecoder
from app.gallery.gallery import Gallery
from app.gallery.maintenance import Maintenance
from app.ingest.complete_feed import plan_removal
from app.ingest.feed_puller import FeedPuller, ScheduledFeed
from app.ingest.import_worker import ImportWorker
from app.ingest.link_fetcher import LinkFetcher
from app.ingest.pipeline import Ingest
from app.ingest.product_preparer import PreparedProduct, ProductUpdate
from app.observability.metrics import Metrics
from app.photo_fetch.webhook import Webhook, WebhookTarget
from app.products.product_patch import ProductPatch
from model.checkpoint import Checkpoint

_RETRY_AFTER = 10  # s
_THREADS = 2  # for single products: one can wait for the disk while the other computes
_MAX_IMPORT_DECODERS = 4  # and at most half of the cores
_IMPORT_PATIENCE = 200  # an import's photo may take this many times its CPU limit, since searches go first

_T = TypeVar("_T")


class GalleryWriter:
    """Writer of one gallery, whose imports and maintenance run from start() to close().

    Every write raises StorageError when the disk fails, and SQLAlchemyError when the database fails.
    """

    def __init__(
        self,
        gallery: Gallery,
        checkpoint: Checkpoint,
        on_outdated: Callable[[], object],
        metrics: Metrics,
        feed: ScheduledFeed | None = None,
        webhook: WebhookTarget | None = None,
        *,
        allow_private: bool,
    ) -> None:
        config = checkpoint.preprocess.config
        self._decoder = PhotoDecoder(config, _THREADS)
        # imports have a decoder of their own, whose processes run at their low priority
        import_decoders = max(1, min(_MAX_IMPORT_DECODERS, available_cpus() // 2))
        self._import_decoder = PhotoDecoder(config, import_decoders, _IMPORT_PATIENCE)
        self._ingest = Ingest(gallery.catalogue, gallery.photos, checkpoint, self._decoder.decode)
        self._pool = ThreadPoolExecutor(_THREADS, "write")
        importing = Ingest(gallery.catalogue, gallery.photos, checkpoint, self._import_decoder.decode)
        self._webhook = webhook and Webhook(webhook, allow_private=allow_private)
        self._import_worker = ImportWorker(
            gallery.directory, gallery.catalogue, importing, metrics, self._notify, allow_private=allow_private
        )
        self._links = LinkFetcher(gallery.directory, allow_private=allow_private)
        self._puller = feed and FeedPuller(
            feed,
            gallery.catalogue,
            lambda file: self._submit(file, MAX_REMOVED if feed.is_complete else None, is_dry_run=False),
            metrics,
            allow_private=allow_private,
        )
        self._maintenance = Maintenance(gallery, on_outdated)
        self._catalogue, self._jobs = gallery.catalogue, gallery.catalogue.operations

    def start(self) -> None:
        """Resume unfinished imports, and start the maintenance. After an error, neither of them runs."""
        with ExitStack() as started:  # not close(), which needs threads: there may be no more of them
            started.callback(self._close_imports)
            started.callback(self._maintenance.close)
            if self._jobs.unfinished():
                self._import_decoder.start()
            if self._webhook:
                self._webhook.start()
            self._import_worker.start()
            if self._puller:
                self._puller.start()
            self._maintenance.start()
            started.pop_all()

    def close(self, shutdown: Shutdown) -> None:
        """Finish single writes. Unfinished imports are resumed by the next process."""
        closers = {
            "single writes": self._pool.shutdown,
            "photo links": self._links.close,
            "imports": self._close_imports,
            "upkeep": self._maintenance.close,
        }
        shutdown.close(closers)
        shutdown.close({"photo decoders": self._decoder.close})

    def _close_imports(self) -> None:
        """Stop fetching the feed, stop the import worker and close its decoder."""
        self._import_worker.stop()
        if self._puller:
            self._puller.close()  # before the decoder, which it may start
        self._import_decoder.close()  # before waiting for the worker, which may wait for the decoder
        self._import_worker.close()
        if self._webhook:
            self._webhook.close()

    def _notify(self, job: ImportJob) -> None:
        """Notify the webhook, if there is one, of the end of an import."""
        if self._webhook:
            outcome = {"id": job.id, "state": job.state, "total": job.total, "message": job.message}
            counts = asdict(job.counts) | {"dry_run": job.options.is_dry_run}
            self._webhook.send(json.dumps(outcome | counts).encode())

    async def fetch(self, links: Sequence[str], max_bytes: int) -> list[bytes]:
        """Fetch the photos of a write by URL. Raises the errors of LinkFetcher.fetch()."""
        with translate_disk_errors():
            return await self._links.fetch(links, max_bytes)

    async def put(self, update: ProductUpdate) -> PreparedProduct:
        """Write a product. Raises the errors of Ingest.write(), and BusyError."""
        return await self._run(lambda: self._ingest.write(update))

    async def patch(self, patches: Sequence[ProductPatch]) -> list[PatchOutcome]:
        """Change fields of products in one transaction, as patch_products() does. Raises BusyError."""
        return await self._run(lambda: patch_products(self._catalogue, patches))

    async def delete(self, product_ids: Sequence[str]) -> dict[str, int]:
        """Delete products in one transaction. Returns the revision of each deletion by product id. Raises BusyError."""
        return await self._run(lambda: self._ingest.delete(product_ids))

    async def import_feed(
        self, feed: BinaryIO, max_removed: float | None, *, is_dry_run: bool, language: str | None = None
    ) -> ImportJob:
        """Queue the import of a feed. Once this returns, the import survives a crash.

        `max_removed` is the largest share in percent of products that may be removed because the feed lacks them; None
        removes none. With a language, only its texts are added to products. Raises BusyError.
        """
        return await self._run(lambda: self._submit(feed, max_removed, is_dry_run=is_dry_run, language=language))

    async def cancel_import(self, job_id: str) -> None:
        """Cancel an import unless it is over. Raises BusyError."""
        await self._run(lambda: self._import_worker.cancel(job_id))

    async def _run(self, work: Callable[[], _T]) -> _T:
        """Run the work in a thread of the pool. Raises BusyError when none is free within WRITE_TIMEOUT.

        The time in the queue counts: the work may wait for the database only for the rest of WRITE_TIMEOUT.
        """
        deadline = time.monotonic() + WRITE_TIMEOUT

        def run_until_deadline() -> _T:
            with waiting_at_most(deadline - time.monotonic()):
                return work()

        future = self._pool.submit(run_until_deadline)
        with translate_disk_errors():
            await asyncio.wait([result := asyncio.wrap_future(future)], timeout=WRITE_TIMEOUT)
            if future.cancel():
                waits = f"the change has waited for others for {WRITE_TIMEOUT:g} s"
                raise BusyError(f"{waits}: nothing was changed; try again in {_RETRY_AFTER} s", _RETRY_AFTER)
            return await result

    def _submit(
        self, feed: BinaryIO, max_removed: float | None, *, is_dry_run: bool, language: str | None = None
    ) -> ImportJob:
        """Start the import decoder if it is not running, and queue the import of a feed."""
        removal = None if max_removed is None else plan_removal(self._catalogue, max_removed)
        self._import_decoder.start()  # here, because starting is slow at the low priority of the import thread
        return self._import_worker.submit(feed, ImportOptions(removal, is_dry_run, language))

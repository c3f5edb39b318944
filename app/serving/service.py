"""Interface of the routes to the gallery: the runtime in use, the search queue and the search threads."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from typing import BinaryIO, Self, TypeVar

from app.analytics.event_recorder import EventRecorder
from app.catalogue.import_jobs import ImportJob
from app.catalogue.product_patches import PatchOutcome
from app.core.cpu_limits import limit_threads, set_compute_threads, threads_per_batch
from app.core.shutdown import Shutdown
from app.database.errors import CheckpointMismatchError
from app.database.read_limits import ReadLimits
from app.decoding.image_sketch import ImageSketch
from app.decoding.stroke_sketch import Sketch
from app.gallery.gallery import Gallery
from app.ingest.product_preparer import PreparedProduct, ProductUpdate
from app.observability.build_info import short_hash
from app.observability.metrics import Metrics
from app.products.product_patch import ProductPatch
from app.search.batched_search import search_batch
from app.search.batcher import Batcher
from app.search.confidence import outcome_of
from app.search.listing.cursor import Pager
from app.search.match import Match, match
from app.search.results import MOST_LISTED, SearchResult
from app.search.search_request import PendingSearch, PendingSimilar, SearchRequest, SimilarRequest
from app.serving.challenge.challenge import Challenge
from app.serving.hot_swap import RuntimeSwapper
from app.serving.photo_reader import PhotoReader
from app.serving.recent_searches import RecentSearches
from app.serving.runtime import Runtime
from app.serving.search_queue import SearchQueue
from app.serving.search_runtime import SearchRuntime
from app.serving.shop_rules import ShopRules
from app.settings import Settings
from model.preprocessing.tracing import Tracing

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class Service:
    """Gallery that can be searched from start() to close(). A re-embedding replaces its runtime."""

    def __init__(self, settings: Settings, metrics: Metrics | None = None, reads: ReadLimits | None = None) -> None:
        thread_counts = threads_per_batch(limit_threads(settings.threads))
        self.settings = settings
        self.rules = ShopRules(settings.rules, lambda: self.gallery.catalogue)
        self._batcher = Batcher(len(thread_counts), lambda busy: set_compute_threads(thread_counts[busy - 1]))
        self.queue = SearchQueue(settings.max_queue, settings.search_timeout)
        self.metrics = metrics or Metrics()
        self._swapper = RuntimeSwapper(settings, self.metrics)
        self.reads = reads or ReadLimits(settings.search_timeout)
        self.events: EventRecorder | None = None
        if settings.events:
            self.events = EventRecorder(lambda: self.gallery.catalogue, self.metrics, settings.events_days)
        self._challenge = Challenge(settings, settings.challenger) if settings.challenger else None
        self.photo_reader = PhotoReader()
        self.recent_searches = RecentSearches(settings.recent_searches)
        self.metrics.watch(lambda: self.gallery, lambda: self.queue.length, lambda: self.runtime.checkpoint.sha256)

    def start(self) -> Self:
        """Open the gallery and return the service. After an error, nothing is left open.

        Raises the errors of Runtime.open(), and InvalidRulesError for rules that cannot be used.
        """
        with ExitStack() as started:
            started.callback(self.close)
            self._swapper.start()
            self.rules.start()
            self._batcher.start()
            if self.events:
                self.events.start()
            if self._challenge:
                self._challenge.start()
            started.pop_all()
        return self

    @property
    def runtime(self) -> Runtime:
        """Runtime in use."""
        return self._swapper.runtime

    @property
    def gallery(self) -> Gallery:
        """Gallery of the runtime in use."""
        return self.runtime.gallery

    def close(self, shutdown: Shutdown | None = None) -> None:
        """Finish the accepted requests, then close the gallery, as far as the shutdown leaves time."""
        shutdown = shutdown or Shutdown.unlimited()
        shutdown.close({"searches": self._batcher.close, "rules": self.rules.close, "photos": self.photo_reader.close})
        if self.events:
            shutdown.close({"events": self.events.close})
        if self._challenge:
            self._challenge.close(shutdown)
        self._swapper.close(shutdown)

    # searching: `client`, a key of app/asgi/client_address.py, shares the queue and the decoders with the others;
    # `session` decides which checkpoint searches, if there are two

    async def search(
        self, client: str, request: SearchRequest | SimilarRequest, session: str | None = None
    ) -> SearchResult:
        """Search in the queue. The timings include preprocess and total.

        Raises UnknownProductError, InvalidCursorError, OutdatedCursorError, and the errors of the sketch's decoding.
        """
        started = time.perf_counter()
        async with self.queue.slot(client):
            result = await self._run(session, lambda runtime: self._search(runtime, client, request))
        timings = {**result.timings_ms, "total": (time.perf_counter() - started) * 1000}
        self.metrics.searched(timings)
        result = replace(result, timings_ms=timings)
        if not isinstance(request, SearchRequest) or request.listing.cursor is not None or request.explain:
            return result  # explanations are for those who run the shop
        self.recent_searches.note(request.filters, result)
        return self._count(result)

    async def match(
        self, client: str, product_id: str, sketch: Sketch, session: str | None = None, *, mirror: bool
    ) -> Match:
        """Compare a sketch with a product's nearest photo. Raises UnknownProductError and FileNotFoundError."""

        async def compare(runtime: SearchRuntime) -> Match:
            decoded = await runtime.decode(client, sketch)
            retriever, checkpoint = runtime.retriever, runtime.checkpoint

            def compute() -> Match:
                with self.reads.limited():
                    return match(retriever, checkpoint, product_id, decoded.draw(retriever.preprocess), mirror=mirror)

            return await self._batcher.do_alone(compute)

        async with self.queue.slot(client):
            return await self._run(session, compare)

    async def trace(self, client: str, picture: ImageSketch) -> Tracing:
        """Vectorise a picture of a sketch. Raises the errors of ImageSketch.trace()."""
        async with self.queue.slot(client):
            return await self._swapper.run(lambda runtime: runtime.sketch_decoder.vectorise(client, picture))

    # writing

    async def fetch_photos(self, links: Sequence[str]) -> list[bytes]:
        """Fetch the photos of a write by URL. Raises UnreadableImageError and BusyError."""
        max_bytes = self.settings.max_write_bytes
        return await self._swapper.run(lambda runtime: runtime.writer.fetch(links, max_bytes))

    async def put(self, draft: ProductUpdate) -> PreparedProduct:
        """Write a product. Raises the errors of GalleryWriter.put()."""
        written = await self._swapper.run(lambda runtime: runtime.writer.put(draft))
        await self._refresh()
        return written

    async def patch(self, patches: Sequence[ProductPatch]) -> list[PatchOutcome]:
        """Change fields of products in one transaction; return the outcomes in order. Raises BusyError."""
        outcomes = await self._swapper.run(lambda runtime: runtime.writer.patch(patches))
        await self._refresh()
        return outcomes

    async def delete(self, product_ids: Sequence[str]) -> dict[str, int]:
        """Delete products in one transaction; return the revisions of the deletions by id, without unknown ids."""
        revisions = await self._swapper.run(lambda runtime: runtime.writer.delete(product_ids))
        await self._refresh()
        return revisions

    async def import_feed(
        self, feed: BinaryIO, max_removed: float | None = None, *, is_dry_run: bool = False, language: str | None = None
    ) -> ImportJob:
        """Queue a feed for import. Raises StorageError and SQLAlchemyError if it cannot be stored."""
        return await self._swapper.run(
            lambda runtime: runtime.writer.import_feed(feed, max_removed, is_dry_run=is_dry_run, language=language)
        )

    async def cancel_import(self, job_id: str) -> None:
        """Cancel an import unless it is over."""
        await self._swapper.run(lambda runtime: runtime.writer.cancel_import(job_id))

    async def _refresh(self) -> None:
        """Add a change to this process's index. The change is stored even if this fails.

        Until a later refresh succeeds, searches read the change from the catalogue.
        """
        try:
            await self._swapper.run(lambda runtime: asyncio.to_thread(runtime.gallery.refresh))
        except Exception as error:  # the change is stored all the same
            _log.warning("a change is stored, but cannot be added to the index yet: %r", error)

    async def _run(self, session: str | None, work: Callable[[SearchRuntime], Awaitable[_T]]) -> _T:
        """Await `work` with the runtime that searches for a session."""
        if self._challenge and (challenger := self._challenge.challenger_for(session)):
            with suppress(CheckpointMismatchError):  # it is about a product that the challenger has not embedded
                return await work(challenger)
        return await self._swapper.run(work)

    async def _search(
        self, runtime: SearchRuntime, client: str, request: SearchRequest | SimilarRequest
    ) -> SearchResult:
        pager = Pager(request.fingerprint(), runtime.gallery.secret, runtime.checkpoint.sha256)
        cursor = pager.open(request.listing.cursor)
        listing = request.listing.begin_at(cursor)
        request = replace(request, k=min(request.k, MOST_LISTED - listing.start))
        if isinstance(request, SimilarRequest):
            pending: PendingSearch | PendingSimilar = PendingSimilar(request, listing)
        else:
            sketch = None if request.sketch is None else await runtime.decode(client, request.sketch)
            pending = PendingSearch(request, sketch, listing)
        result = await self._search_batched(runtime, pending)
        return pager.close(cursor, replace(result, checkpoint=str(short_hash(runtime.checkpoint.sha256))))

    def _count(self, result: SearchResult) -> SearchResult:
        """Count a search by its outcome. Returns its result, with a ticket if events are counted."""
        outcome = outcome_of(len(result.results), confident=result.is_confident)
        self.metrics.search_outcome(outcome, result.checkpoint)
        if self.events is None:
            return result
        ticket = self.events.count_search(result.checkpoint, outcome)
        return replace(result, ticket=ticket.encode(self.gallery.secret))

    async def _search_batched(self, runtime: SearchRuntime, pending: PendingSearch | PendingSimilar) -> SearchResult:
        """Search in one batch with other searches of the same runtime."""
        try:
            return await self._batcher.do(runtime, partial(self._search_batch, runtime), pending)
        finally:
            pending.abandoned.set()

    def _search_batch(
        self, runtime: SearchRuntime, batch: Sequence[PendingSearch | PendingSimilar]
    ) -> list[SearchResult | Exception]:
        with self.reads.limited():
            return search_batch(runtime.retriever, self.metrics.forward_pass, batch)

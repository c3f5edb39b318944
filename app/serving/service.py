"""What the routes work with: whatever serves the gallery at that time, and the threads that search."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import BinaryIO

from app.catalogue.import_jobs import ImportJob
from app.core.cpu_limits import limit_threads, set_compute_threads, threads_per_batch
from app.core.shutdown import Shutdown
from app.database.read_limits import ReadLimits
from app.decoding.framed_picture import FramedPicture
from app.decoding.image_sketch import ImageSketch
from app.decoding.stroke_sketch import Sketch
from app.gallery.gallery import Gallery
from app.ingest.product_preparer import PreparedProduct, ProductUpdate
from app.observability.metrics import Metrics
from app.products.filters import Filters
from app.search.batched_search import MakeReady, Ready, by_picture, search_together, until
from app.search.batcher import Batcher
from app.search.match import Match, match
from app.search.results import Query, SearchResult
from app.serving.hot_swap import RuntimeSwapper
from app.serving.runtime import Runtime
from app.serving.search_queue import SearchQueue
from app.settings import Settings
from model.preprocessing.tracing import Tracing

_log = logging.getLogger(__name__)


class Service:
    """A gallery that can be searched as soon as this is made. What serves it is replaced whenever it is re-embedded.

    Raises what Serving() does.
    """

    def __init__(self, settings: Settings, metrics: Metrics | None = None, reads: ReadLimits | None = None) -> None:
        each = threads_per_batch(limit_threads(settings.threads))
        self.settings = settings
        self._current = RuntimeSwapper(settings)
        self._batcher = Batcher(len(each), lambda busy: set_compute_threads(each[busy - 1]))
        self.line = SearchQueue(settings.max_queue, settings.search_timeout)
        self.metrics = metrics or Metrics()
        self.reads = reads or ReadLimits(settings.search_timeout)
        self.metrics.watch(lambda: self.gallery, lambda: self.line.length)

    @property
    def serving(self) -> Runtime:
        """What serves now."""
        return self._current.serving

    @property
    def gallery(self) -> Gallery:
        """The gallery that is served now."""
        return self.serving.gallery

    def close(self, shutdown: Shutdown | None = None) -> None:
        """Finish what was accepted, then close the gallery, as far as the shutdown has time for it."""
        shutdown = shutdown or Shutdown.unlimited()
        shutdown.close({"searches": self._batcher.close})
        self._current.close(shutdown)

    # searching: `client`, as app/asgi/client_address.py names it, shares the queue and the decoders with the others

    async def search(self, client: str, sketch: Sketch, k: int, filters: Filters, mirror: bool) -> SearchResult:
        """The k products nearest to a sketch (with `mirror`, either way round); timings have preprocess and total."""

        async def search(serving: Runtime) -> SearchResult:
            decode, spent = await _decoded(serving, client, sketch)
            ready = by_picture(decode, lambda picture: Query.of(picture.frame, k, filters, mirror), spent)
            return await self._search(serving, ready)

        return await self._answer(client, search)

    async def similar(self, client: str, product_id: str, k: int, filters: Filters) -> SearchResult:
        """The k products nearest to a product, itself left out. Raises UnknownProduct."""

        async def similar(serving: Runtime) -> SearchResult:
            ready = lambda: Ready(serving.retriever.like(product_id, k, filters))  # noqa: E731
            return (await self._search(serving, ready)).without(product_id, k)

        return await self._answer(client, similar)

    async def match(self, client: str, product_id: str, sketch: Sketch, mirror: bool) -> Match:
        """What of a sketch and of a product's photo matched. Raises UnknownProduct and FileNotFoundError."""

        async def compare(serving: Runtime) -> Match:
            decode, _ = await _decoded(serving, client, sketch)
            retriever, checkpoint = serving.retriever, serving.checkpoint

            def compute() -> Match:
                with self.reads.limited():
                    return match(retriever, checkpoint, product_id, decode(), mirror)

            return await self._batcher.do_alone(compute)

        async with self.line.slot(client):
            return await self._current.run(compare)

    async def trace(self, client: str, picture: ImageSketch) -> Tracing:
        """The strokes of a picture of a sketch. Raises UnreadableImage, or BlankSketch."""
        async with self.line.slot(client):
            return await self._current.run(lambda serving: serving.workshop.vectorise(client, picture))

    # writing

    async def put(self, draft: ProductUpdate) -> PreparedProduct:
        """Write a product. Raises what Ingest.write() does."""
        written = await self._current.run(lambda serving: serving.writer.put(draft))
        await self._refresh()
        return written

    async def delete(self, product_id: str) -> int | None:
        """Delete a product: the revision from which on it is gone, None when there is none of that id."""
        revision = await self._current.run(lambda serving: serving.writer.delete(product_id))
        await self._refresh()
        return revision

    async def import_feed(self, feed: BinaryIO) -> ImportJob:
        """Take a feed to be imported. Raises NotStored and SQLAlchemyError when it cannot be kept."""
        return await self._current.run(lambda serving: serving.writer.import_feed(feed))

    async def _refresh(self) -> None:
        """Have this process's index take in a change. It is stored whether or not that succeeds.

        Until a later refresh does, searches read the change from the catalogue.
        """
        try:
            await self._current.run(lambda serving: asyncio.to_thread(serving.gallery.refresh))
        except Exception as error:  # whatever it is, it is no fault of the change
            _log.warning("a change is stored, but the index cannot take it in yet: %r", error)

    async def _search(self, serving: Runtime, ready: MakeReady) -> SearchResult:
        """Search when its turn has come, together with all others of the same Serving whose has."""
        abandoned = threading.Event()

        def together(asked: Sequence[MakeReady]) -> list[SearchResult | Exception]:
            with self.reads.limited():
                return search_together(serving.retriever, self.metrics.forward_pass, asked)

        try:
            return await self._batcher.do(serving, together, until(abandoned.is_set, ready))
        finally:
            abandoned.set()

    async def _answer(self, client: str, search: Callable[[Runtime], Awaitable[SearchResult]]) -> SearchResult:
        """What a search finds, with how long it took in all."""
        started = time.perf_counter()
        async with self.line.slot(client):
            found = await self._current.run(search)
        total = (time.perf_counter() - started) * 1000
        timings = {**found.timings_ms, "total": total}
        self.metrics.searched(timings)
        return replace(found, timings_ms=timings)


async def _decoded(serving: Runtime, client: str, sketch: Sketch) -> tuple[Callable[[], FramedPicture], float]:
    """What gives a sketch's picture when its turn has come, and the seconds spent on it before.

    An image file is decoded before, elsewhere; strokes, which cost next to nothing, when it is their turn.
    """
    if not isinstance(sketch, ImageSketch):
        return lambda: sketch.picture(serving.checkpoint.preprocess), 0.0
    started = time.perf_counter()
    picture = await serving.workshop.frame(client, sketch)
    return lambda: picture, time.perf_counter() - started


"""For routes that search: a full queue is told before the body is read. Raises ApiError busy."""

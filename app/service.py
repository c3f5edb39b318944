"""What the routes work with: whatever serves the gallery at that time, and the one thread that searches."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Annotated, BinaryIO, TypeVar

import faiss
import torch
from fastapi import Depends, Request

from app.catalogue import Filters
from app.current import Current
from app.drafts import Draft, Prepared
from app.errors import ApiError
from app.gallery import Gallery
from app.match import Match, match
from app.metrics import Metrics
from app.operations import Operation
from app.pictures import Picture
from app.rasters import RasterSketch
from app.retriever import SearchResult
from app.serving import Serving
from app.settings import Settings
from app.uploads import Sketch
from app.waiting import WaitingLine
from model.tracing import Tracing

_T = TypeVar("_T")
_Decoded = Callable[[], tuple[Picture, float]]  # a sketch's picture, and the seconds spent on it before


class Service:
    """A gallery that can be searched as soon as this is made. What serves it is replaced whenever it is re-embedded.

    Raises what Serving() does.
    """

    def __init__(self, settings: Settings, metrics: Metrics | None = None) -> None:
        _limit_threads(settings.threads)
        self.settings = settings
        self._current = Current(settings)
        # one at a time: a search uses all cores by itself, and so needs its memory only once
        self._worker = ThreadPoolExecutor(1, "search")
        self.line = WaitingLine(settings.max_queue)
        self.metrics = metrics or Metrics()
        self.metrics.watch(lambda: self.gallery, lambda: self.line.length)

    @property
    def serving(self) -> Serving:
        """What serves now."""
        return self._current.serving

    @property
    def gallery(self) -> Gallery:
        """The gallery that is served now."""
        return self.serving.gallery

    def close(self) -> None:
        """Finish what was accepted, then close the gallery."""
        self._worker.shutdown()
        self._current.close()

    # searching

    async def search(self, sketch: Sketch, k: int, filters: Filters, mirror: bool) -> SearchResult:
        """The k products nearest to a sketch (with `mirror`, either way round); timings have preprocess and total."""

        async def search(serving: Serving) -> SearchResult:
            decoded = await _decoded(serving, sketch)
            return await self._run(lambda: _search(serving, decoded, k, filters, mirror))

        started = time.perf_counter()
        with self.line.joined():
            found = await self._current.do(search)
        self.metrics.forward_pass(1)
        return self._timed(found, started)

    async def similar(self, product_id: str, k: int, filters: Filters) -> SearchResult:
        """The k products nearest to a product, itself left out. Raises UnknownProduct."""

        async def similar(serving: Serving) -> SearchResult:
            return await self._run(lambda: serving.retriever.similar(product_id, k, filters))

        started = time.perf_counter()
        with self.line.joined():
            found = await self._current.do(similar)
        return self._timed(found, started)

    async def match(self, product_id: str, sketch: Sketch, mirror: bool) -> Match:
        """What of a sketch and of a product's photo matched. Raises UnknownProduct and FileNotFoundError."""

        async def compare(serving: Serving) -> Match:
            decoded = await _decoded(serving, sketch)
            return await self._run(
                lambda: match(serving.retriever, serving.checkpoint, product_id, decoded()[0], mirror)
            )

        with self.line.joined():
            return await self._current.do(compare)

    async def trace(self, picture: RasterSketch) -> Tracing:
        """The strokes of a picture of a sketch. Raises UnreadableImage, or BlankSketch."""
        with self.line.joined():
            return await self._current.do(lambda serving: serving.workshop.traced(picture))

    # writing

    async def put(self, draft: Draft) -> Prepared:
        """Write a product, and show it to searches. Raises what Ingest.write() does."""
        written = await self._current.do(lambda serving: serving.writer.put(draft))
        await self._current.do(lambda serving: serving.writer.show())
        return written

    async def delete(self, product_id: str) -> int | None:
        """Delete a product: the revision in which searches do not find it, None when there is none of that id."""
        found = await self._current.do(lambda serving: serving.writer.delete(product_id))
        revision = await self._current.do(lambda serving: serving.writer.show())
        return revision if found else None

    async def import_feed(self, feed: BinaryIO) -> Operation:
        """Take a feed to be imported. Raises NotStored and SQLAlchemyError when it cannot be kept."""
        return await self._current.do(lambda serving: serving.writer.import_feed(feed))

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    def _timed(self, found: SearchResult, started: float) -> SearchResult:
        total = (time.perf_counter() - started) * 1000
        timings = {"preprocess": 0.0, "embed": 0.0, **found.timings_ms, "total": total}
        self.metrics.searched(timings)
        return replace(found, timings_ms=timings)


async def _decoded(serving: Serving, sketch: Sketch) -> _Decoded:
    """A picture of an image file; strokes, which cost next to nothing, are drawn when it is their turn."""
    if not isinstance(sketch, RasterSketch):
        return lambda: (sketch.picture(serving.checkpoint.preprocess), 0.0)
    started = time.perf_counter()
    picture = await serving.workshop.picture(sketch)
    spent = time.perf_counter() - started
    return lambda: (picture, spent)


def _search(serving: Serving, decoded: _Decoded, k: int, filters: Filters, mirror: bool) -> SearchResult:
    started = time.perf_counter()
    picture, before = decoded()
    preprocess = (time.perf_counter() - started + before) * 1000
    found = serving.retriever.search(picture.frame, k, filters, mirror)
    return replace(found, kind=picture.kind, timings_ms={"preprocess": preprocess, **found.timings_ms})


def _limit_threads(threads: int | None) -> None:
    if threads is not None:
        torch.set_num_threads(threads)
        faiss.omp_set_num_threads(threads)


def service_of(request: Request) -> Service:
    """The service of the app that got a request. Raises ApiError not_ready while there is none."""
    service: Service | None = getattr(request.app.state, "service", None)
    if service is None:
        raise ApiError(503, "not_ready", "the gallery is not loaded yet: expected within seconds of the start")
    return service


ServiceOf = Annotated[Service, Depends(service_of)]


async def _has_room(service: ServiceOf) -> None:
    service.line.check()


Room = Depends(_has_room)
"""For routes that search: a full queue is told before the body is read. Raises ApiError busy."""

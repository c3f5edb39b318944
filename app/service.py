"""What the routes work with: an open gallery, the network that searches it, and the one thread that does so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Annotated, TypeVar

import faiss
import torch
from fastapi import Depends, Request

from app.catalogue import Catalogue, CatalogueError, Filters
from app.checkpoints import CHECKPOINT_FILE
from app.errors import ApiError
from app.gallery import CATALOGUE_FILE, Gallery
from app.match import Match, match
from app.metrics import Metrics
from app.pictures import Picture
from app.rasters import RasterSketch
from app.retriever import Retriever, SearchResult
from app.settings import Settings
from app.uploads import Sketch
from app.waiting import WaitingLine
from app.workshop import Workshop
from app.writer import Writer
from model.checkpoint import load_checkpoint
from model.tracing import Tracing

_T = TypeVar("_T")
_Decoded = Callable[[], tuple[Picture, float]]  # a sketch's picture, and the seconds spent on it before


class Service:
    """A gallery that can be searched as soon as this is made: a first search has been run.

    Raises CatalogueError, CheckpointMismatch or CheckpointError for a gallery that cannot be served, and
    ValueError for a device that is not there.
    """

    def __init__(self, settings: Settings, metrics: Metrics | None = None) -> None:
        _limit_threads(settings.threads)
        directory = settings.gallery
        made = directory / (CHECKPOINT_FILE if settings.catalogue else CATALOGUE_FILE)
        if not made.is_file():
            raise CatalogueError(f"no gallery at {directory}: expected a directory made by `sketchfind build`")
        checkpoint = load_checkpoint(directory / CHECKPOINT_FILE)
        self.settings = settings
        catalogue = Catalogue(settings.catalogue.get_secret_value()) if settings.catalogue else None
        self.gallery = Gallery.open(directory, checkpoint, catalogue)
        self._checkpoint = checkpoint
        self._retriever = Retriever(checkpoint, self.gallery, settings.n_candidates, settings.device)
        self._workshop = Workshop(checkpoint.preprocess.config, settings.max_pixels)
        # one at a time: a search uses all cores by itself, and so needs its memory only once
        self._worker = ThreadPoolExecutor(1, "search")
        self.line = WaitingLine(settings.max_queue)
        self.metrics = metrics or Metrics()
        self.metrics.watch(self.gallery, lambda: self.line.length)
        self._worker.submit(self._warm_up).result()
        self.writer = Writer(self.gallery, checkpoint, settings.allow_private_addresses)

    def close(self) -> None:
        """Finish what was accepted, then close the gallery."""
        self.writer.close()
        self._workshop.close()
        self._worker.shutdown()
        self.gallery.close()

    async def search(self, sketch: Sketch, k: int, filters: Filters, mirror: bool) -> SearchResult:
        """The k products nearest to a sketch (with `mirror`, either way round); timings have preprocess and total."""
        started = time.perf_counter()
        with self.line.joined():
            decoded = await self._decoded(sketch)
            found = await self._run(lambda: self._search(decoded, k, filters, mirror))
        self.metrics.forward_pass(1)
        return self._timed(found, started)

    async def similar(self, product_id: str, k: int, filters: Filters) -> SearchResult:
        """The k products nearest to a product, itself left out. Raises UnknownProduct."""
        started = time.perf_counter()
        with self.line.joined():
            found = await self._run(lambda: self._retriever.similar(product_id, k, filters))
        return self._timed(found, started)

    async def match(self, product_id: str, sketch: Sketch, mirror: bool) -> Match:
        """What of a sketch and of a product's photo matched. Raises UnknownProduct and FileNotFoundError."""
        with self.line.joined():
            decoded = await self._decoded(sketch)
            return await self._run(lambda: self._match(product_id, decoded, mirror))

    async def trace(self, picture: RasterSketch) -> Tracing:
        """The strokes of a picture of a sketch. Raises UnreadableImage, BlankSketch, or ApiError image_too_costly."""
        with self.line.joined():
            return await self._workshop.traced(picture)

    async def _decoded(self, sketch: Sketch) -> _Decoded:
        """A picture of an image file; strokes, which cost next to nothing, are drawn when it is their turn."""
        if not isinstance(sketch, RasterSketch):
            return lambda: (sketch.picture(self._checkpoint.preprocess), 0.0)
        started = time.perf_counter()
        picture = await self._workshop.picture(sketch)
        spent = time.perf_counter() - started
        return lambda: (picture, spent)

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    def _timed(self, found: SearchResult, started: float) -> SearchResult:
        total = (time.perf_counter() - started) * 1000
        timings = {"preprocess": 0.0, "embed": 0.0, **found.timings_ms, "total": total}
        self.metrics.searched(timings)
        return replace(found, timings_ms=timings)

    def _search(self, decoded: _Decoded, k: int, filters: Filters, mirror: bool) -> SearchResult:
        started = time.perf_counter()
        picture, before = decoded()
        preprocess = (time.perf_counter() - started + before) * 1000
        found = self._retriever.search(picture.frame, k, filters, mirror)
        return replace(found, kind=picture.kind, timings_ms={"preprocess": preprocess, **found.timings_ms})

    def _match(self, product_id: str, decoded: _Decoded, mirror: bool) -> Match:
        return match(self._retriever, self._checkpoint, product_id, decoded()[0], mirror)

    def _warm_up(self) -> None:
        self._retriever.search(self._checkpoint.preprocess.strokes([[[0, 0], [100, 100]]]), 1)
        self._workshop.warm_up()


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

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
from app.errors import ApiError
from app.gallery import CATALOGUE_FILE, CHECKPOINT_FILE, Gallery
from app.match import Match, match
from app.retriever import Retriever, SearchResult
from app.settings import Settings
from app.uploads import RasterSketch, Sketch
from model.checkpoint import load_checkpoint
from model.tracing import Tracing

_T = TypeVar("_T")


class Service:
    """A gallery that can be searched as soon as this is made: a first search has been run.

    Raises CatalogueError, CheckpointMismatch or CheckpointError for a gallery that cannot be served, and
    ValueError for a device that is not there.
    """

    def __init__(self, settings: Settings) -> None:
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
        # one at a time: a search uses all cores by itself, and so needs its memory only once
        self._worker = ThreadPoolExecutor(1, "search")
        self._worker.submit(self._warm_up).result()

    def close(self) -> None:
        """Finish what was accepted, then close the gallery."""
        self._worker.shutdown()
        self.gallery.close()

    async def search(self, sketch: Sketch, k: int, filters: Filters, mirror: bool) -> SearchResult:
        """The k products nearest to a sketch (with `mirror`, either way round); timings have preprocess and total."""
        return await self._timed(lambda: self._search(sketch, k, filters, mirror))

    async def similar(self, product_id: str, k: int, filters: Filters) -> SearchResult:
        """The k products nearest to a product, itself left out. Raises UnknownProduct."""
        return await self._timed(lambda: self._retriever.similar(product_id, k, filters))

    async def match(self, product_id: str, sketch: Sketch, mirror: bool) -> Match:
        """What of a sketch and of a product's photo matched. Raises UnknownProduct and FileNotFoundError."""
        return await self._run(lambda: self._match(product_id, sketch, mirror))

    async def trace(self, picture: RasterSketch) -> Tracing:
        """The strokes of a picture of a sketch. Raises UnreadableImage or BlankSketch."""
        return await self._run(picture.traced)

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    async def _timed(self, work: Callable[[], SearchResult]) -> SearchResult:
        started = time.perf_counter()
        found = await self._run(work)
        total = (time.perf_counter() - started) * 1000
        return replace(found, timings_ms={"preprocess": 0.0, "embed": 0.0, **found.timings_ms, "total": total})

    def _search(self, sketch: Sketch, k: int, filters: Filters, mirror: bool) -> SearchResult:
        started = time.perf_counter()
        frame = sketch.picture(self._checkpoint.preprocess).frame
        preprocess = (time.perf_counter() - started) * 1000
        found = self._retriever.search(frame, k, filters, mirror)
        return replace(found, timings_ms={"preprocess": preprocess, **found.timings_ms})

    def _match(self, product_id: str, sketch: Sketch, mirror: bool) -> Match:
        picture = sketch.picture(self._checkpoint.preprocess)
        return match(self._retriever, self._checkpoint, product_id, picture, mirror)

    def _warm_up(self) -> None:
        self._retriever.search(self._checkpoint.preprocess.strokes([[[0, 0], [100, 100]]]), 1)


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

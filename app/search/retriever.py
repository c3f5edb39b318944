"""From sketches to results: embed, take candidates from the gallery, and rank them by the exact distance.

Server and evaluation search through this one class, so their answers are the same. Results at the same distance
are in the order of their product ids.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from app.catalogue.product_cache import ProductCache
from app.core.arrays import Embeddings, Rows
from app.database.read_limits import abandonable
from app.gallery.gallery import Gallery
from app.gallery.selection import Selection
from app.index.snapshot import Snapshot
from app.products.filters import Filters
from app.products.product import Product
from app.search.confidence import contrast_of
from app.search.ranking import Ranking
from app.search.results import ALL, Comparison, Query, SearchResult, UnknownProductError, photo_name
from model.checkpoint import Checkpoint
from model.device import resolve_device
from model.preprocessing.images import Pixels

_AT_ONCE = 16_384  # photos whose exact distances are computed at a time: bounds memory


class Retriever:
    """Searches a gallery with a checkpoint, on a device: "auto" (CUDA if there is any, else CPU), "cpu", "cuda".

    The first stage takes `n_candidates` from the gallery, None for as many as that was tuned for, or k if that is more.
    The checkpoint's network is moved to the device. Safe to use from many threads.
    """

    def __init__(
        self, checkpoint: Checkpoint, gallery: Gallery, n_candidates: int | None = None, device: str = "auto"
    ) -> None:
        if n_candidates is not None and n_candidates < 1:
            raise ValueError(f"n_candidates is {n_candidates}: expected at least 1")
        self.gallery = gallery
        self.device = resolve_device(device)
        self._known = ProductCache()
        self._n_candidates = n_candidates
        self._checkpoint = checkpoint
        checkpoint.network.to(self.device)
        self._distance = copy.deepcopy(checkpoint.network.distance).to(self.device).requires_grad_(False)
        self._exact = copy.deepcopy(self._distance).double()  # so that its weights need not be converted every time

    def search(self, frame: Pixels, k: int, filters: Filters = ALL, mirror: bool = True) -> SearchResult:
        """The k products nearest to a sketch's frame (256,256) of those that pass; fewer only if there are fewer.

        With `mirror`, a product is as near as it is to the sketch or to its mirror image, whichever is nearer:
        catalogues show shoes from one side, people draw them from either.
        """
        return self.search_all([Query.of(frame, k, filters, mirror)])[0]

    def search_all(self, queries: Sequence[Query]) -> list[SearchResult]:
        """What each query finds: all are embedded in one pass, and those of the same filters share one search."""
        started = time.perf_counter()
        views = self._embedded(queries)
        embed_ms = (time.perf_counter() - started) * 1000
        alike: dict[Filters, list[int]] = {}
        for number, query in enumerate(queries):
            alike.setdefault(query.filters, []).append(number)
        found: dict[int, SearchResult] = {}
        for filters, numbers in alike.items():
            wanted = [queries[n].k for n in numbers]
            with abandonable(partial(_are_abandoned, [queries[n] for n in numbers])):
                found |= zip(numbers, self._search(filters, [views[n] for n in numbers], wanted), strict=True)
        return [replace(found[n], timings_ms={"embed": embed_ms, **found[n].timings_ms}) for n in range(len(queries))]

    def like(self, product_id: str, k: int, filters: Filters = ALL) -> Query:
        """A query by a product's own photos, for k products besides itself. Raises UnknownProduct."""
        embeddings = self.gallery.catalogue.embedding(product_id)
        if embeddings is None:
            raise UnknownProductError(product_id)
        return Query(embeddings, k + 1, filters)

    def compare(self, frame: Pixels, product_id: str, mirror: bool = True) -> Comparison:
        """A product beside a sketch's frame, at the distance that search() gives. Raises UnknownProduct."""
        found = self.gallery.catalogue.embedded(product_id)
        if found is None:
            raise UnknownProductError(product_id)
        product, embeddings = found
        photos = torch.from_numpy(embeddings).to(self.device)  # (P,D)
        views = self._embedded([Query.of(frame, 1, mirror=mirror)])[0]
        sketches = torch.from_numpy(views).to(self.device)  # (1 or 2,D)
        with torch.inference_mode():
            distances = self._exact.pairwise(sketches, photos).cpu().numpy()  # (1 or 2,P)
        nearest = distances.min(1)
        mirrored = bool(nearest[-1] < nearest[0])
        view = -1 if mirrored else 0
        return Comparison(product, float(nearest[view]), photo_name(product, int(distances[view].argmin())), mirrored)

    def _embedded(self, queries: Sequence[Query]) -> list[Embeddings]:
        """Embeddings (V,D) of each query's views, by one forward pass for all that have none."""
        frames = [frame for query in queries if isinstance(query.views, list) for frame in query.views]
        made = self._checkpoint.embed_frames(frames) if frames else None
        embedded, start = list[Embeddings](), 0
        for query in queries:
            if made is not None and isinstance(query.views, list):
                embedded.append(made[start : start + len(query.views)])
                start += len(query.views)
            else:
                embedded.append(np.asarray(query.views, np.float32))
        return embedded

    def _search(self, filters: Filters, views: Sequence[Embeddings], wanted: Sequence[int]) -> list[SearchResult]:
        """Results for queries of the same filters, by the embeddings (V,D) of each, and how many are wanted of each."""
        started = time.perf_counter()
        with self.gallery.select(filters) as selection:
            n_candidates = min(self._n_candidates or self.gallery.n_candidates, selection.snapshot.size)
            most = [max(k, n_candidates) + selection.outdated for k in wanted]
            numbers = [n for n, each in zip(most, views, strict=True) for _ in each]
            with torch.inference_mode():
                sketches = torch.from_numpy(np.concatenate(views)).to(self.device)  # (B,D): views of all queries
                queries = self._distance.query(sketches).cpu().numpy()
                rows = selection.snapshot.candidates(queries, max(numbers), selection.passing)
                taken = time.perf_counter()
                nearest = [each[:n] for each, n in zip(rows, numbers, strict=True)]
                ranked = self._ranked(selection.snapshot, sketches, nearest)
                usual = self._usual(selection.indexed, sketches)
            contrasts = [*map(contrast_of, (one.distances for one in ranked), usual)]
            starts = np.cumsum([0, *map(len, views)])
            slices = [slice(*ends) for ends in pairwise(starts)]
            of_queries = [Ranking.merge_views(ranked[views_of]) for views_of in slices]
            products = self._products(selection, of_queries, wanted)
        results = [one.results(products, k) for one, k in zip(of_queries, wanted, strict=True)]
        timings = {"candidates": 1000 * (taken - started), "rerank": 1000 * (time.perf_counter() - taken)}
        size, revision = selection.indexed.size, selection.indexed.revision
        return [
            SearchResult(each, size, revision, timings, _least(contrasts[views_of]))
            for each, views_of in zip(results, slices, strict=True)
        ]

    def _ranked(self, snapshot: Snapshot, sketches: torch.Tensor, rows: Sequence[Rows]) -> list[Ranking]:
        """Exact distances of sketches (B,D) to the candidates of each, by all of their photos."""
        photos = [snapshot.photos_of(each[each >= 0]) for each in rows]
        listed, counts = np.concatenate(photos), [len(each) for each in photos]
        owners = np.repeat(np.arange(len(photos)), counts)
        distances = np.empty(len(listed), np.float32)
        for start in range(0, len(listed), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            embeddings = torch.from_numpy(snapshot.embeddings(listed[part])).to(self.device)  # (n,D)
            owner = torch.from_numpy(owners[part]).to(self.device)
            distances[part] = self._exact.listed(sketches, embeddings, owner).cpu().numpy()
        ends = np.cumsum(counts)[:-1]
        columns = (snapshot.revisions(listed), distances, snapshot.positions(listed))
        ranked = [Ranking(*each) for each in zip(*(np.split(column, ends) for column in columns), strict=True)]
        return ranked if snapshot.photos == snapshot.size else [one.nearest_photos() for one in ranked]

    def _usual(self, snapshot: Snapshot, sketches: torch.Tensor) -> NDArray[np.float64] | list[None]:
        """(B,) the mean distance of each of sketches (B,D) to a sample of all products; None if that is too small.

        A distance is linear in the photo's key, so the mean of the keys gives it.
        """
        if snapshot.mean_key is None:
            return [None] * len(sketches)
        s, key = sketches.double(), torch.from_numpy(snapshot.mean_key).to(self.device)  # (D+1,)
        return (self._exact.offset(s) - self._exact.query(s) @ key).cpu().numpy()

    def _products(self, selection: Selection, ranked: Sequence[Ranking], wanted: Sequence[int]) -> dict[int, Product]:
        """The products, by revision, that can be among the nearest that are wanted."""
        revisions = {revision for one, k in zip(ranked, wanted, strict=True) for revision in one.top_k_with_ties(k)}
        products = selection.products(self._known, revisions)
        if len(products) < len(revisions):  # some are old states of changed products, so others take their places
            products = selection.products(self._known, (r for one in ranked for r in one.revisions.tolist()))
        return products


def _are_abandoned(queries: Sequence[Query]) -> bool:
    return all(query.is_abandoned() for query in queries)


def _least(contrasts: Sequence[float | None]) -> float | None:
    return min((contrast for contrast in contrasts if contrast is not None), default=None)

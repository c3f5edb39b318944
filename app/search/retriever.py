"""Search of a gallery: embed sketches, take candidates from the index, and re-rank them by the exact distance.

Server and evaluation both search through this class, so their answers are the same. Results at the same distance
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
from app.index.group_search import group_candidates
from app.index.groups import NO_GROUPS, Groups, group_number
from app.index.snapshot import Snapshot
from app.products.filters import Filters
from app.products.product import Product
from app.search.confidence import contrast_of
from app.search.product_selection import select_products
from app.search.ranking import Ranking
from app.search.results import ALL, Comparison, Query, Result, SearchResult, UnknownProductError, photo_name
from app.search.variants_cache import VariantsCache
from model.checkpoint import Checkpoint
from model.device import resolve_device
from model.preprocessing.images import Pixels
from model.preprocessing.preprocess import Preprocess

_RERANK_BATCH = 16_384  # photos whose exact distances are computed at a time: bounds memory


class Retriever:
    """Search of a gallery with a checkpoint, on a device: "auto" (CUDA if present, else CPU), "cpu" or "cuda".

    The first stage takes `n_candidates` candidates, or k if that is more. None means as many as the gallery was tuned
    for. The checkpoint's network is moved to the device. Safe to use from many threads.
    """

    def __init__(
        self, checkpoint: Checkpoint, gallery: Gallery, n_candidates: int | None = None, device: str = "auto"
    ) -> None:
        if n_candidates is not None and n_candidates < 1:
            raise ValueError(f"n_candidates is {n_candidates}: expected at least 1")
        self.gallery = gallery
        self.device = resolve_device(device)
        self.product_cache = ProductCache()
        self._variants_cache = VariantsCache()
        self._n_candidates = n_candidates
        self._checkpoint = checkpoint
        checkpoint.network.to(self.device)
        self._distance = copy.deepcopy(checkpoint.network.distance).to(self.device).requires_grad_(requires_grad=False)
        self._exact = copy.deepcopy(self._distance).double()  # saves the conversion of its weights in every search

    @property
    def preprocess(self) -> Preprocess:
        """Preprocessing of the checkpoint."""
        return self._checkpoint.preprocess

    def search(self, frame: Pixels, k: int, filters: Filters = ALL, *, mirror: bool = True) -> SearchResult:
        """Find the k products nearest to a sketch's frame (256,256) that pass the filters, or all if fewer pass.

        With `mirror`, the distance of a product is the smaller one of those to the sketch and to its mirror image:
        catalogues show shoes from one side, people draw them from either.
        """
        return self.search_all([Query.of(frame, k, filters, mirror=mirror)])[0]

    def search_all(self, queries: Sequence[Query]) -> list[SearchResult]:
        """Search for several queries: all share one forward pass, those of the same filters one index scan."""
        started = time.perf_counter()
        views = self._embed_views(queries)
        embed_ms = (time.perf_counter() - started) * 1000
        numbers_by_scope: dict[tuple[Filters, bool], list[int]] = {}
        for number, query in enumerate(queries):
            numbers_by_scope.setdefault((query.filters, query.variants), []).append(number)
        results: dict[int, SearchResult] = {}
        for numbers in numbers_by_scope.values():
            alike = [queries[n] for n in numbers]
            with abandonable(partial(_are_abandoned, alike)):
                results |= zip(numbers, self._search(alike, [views[n] for n in numbers]), strict=True)
        return [
            replace(results[n], timings_ms={"embed": embed_ms, **results[n].timings_ms}) for n in range(len(queries))
        ]

    def like(self, product_id: str, k: int, filters: Filters = ALL, *, variants: bool = False) -> Query:
        """Make a query by a product's own photos, for k products besides its group. Raises UnknownProductError."""
        embedded = self.gallery.catalogue.embedded(product_id)
        if embedded is None:
            raise UnknownProductError(product_id)
        product, embeddings = embedded
        key = self.gallery.grouping.key_of(product)
        return Query(embeddings, k + 1, filters, variants, None if key is None else group_number(key))

    def compare(self, frame: Pixels, product_id: str, *, mirror: bool = True) -> Comparison:
        """Compare a product with a sketch's frame, by the distance that search() gives. Raises UnknownProductError."""
        embedded = self.gallery.catalogue.embedded(product_id)
        if embedded is None:
            raise UnknownProductError(product_id)
        product, embeddings = embedded
        photos = torch.from_numpy(embeddings).to(self.device)  # (P,D)
        views = self._embed_views([Query.of(frame, 1, mirror=mirror)])[0]
        sketches = torch.from_numpy(views).to(self.device)  # (1 or 2,D)
        with torch.inference_mode():
            distances = self._exact.pairwise(sketches, photos).cpu().numpy()  # (1 or 2,P)
        nearest = distances.min(1)
        is_mirrored = bool(nearest[-1] < nearest[0])
        view = -1 if is_mirrored else 0
        return Comparison(
            product, float(nearest[view]), photo_name(product, int(distances[view].argmin())), is_mirrored
        )

    def _embed_views(self, queries: Sequence[Query]) -> list[Embeddings]:
        """Embed the views of queries, (V,D) each, by one forward pass for all that have no embeddings."""
        frames = [frame for query in queries if isinstance(query.views, list) for frame in query.views]
        embeddings = self._checkpoint.embed_frames(frames) if frames else None
        views, start = list[Embeddings](), 0
        for query in queries:
            if embeddings is not None and isinstance(query.views, list):
                views.append(embeddings[start : start + len(query.views)])
                start += len(query.views)
            else:
                views.append(np.asarray(query.views, np.float32))
        return views

    def _search(self, alike: Sequence[Query], views: Sequence[Embeddings]) -> list[SearchResult]:
        """Search for queries of the same filters and `variants`, by the embeddings (V,D) of each."""
        started, ks = time.perf_counter(), [query.k for query in alike]
        with select_products(self.gallery, alike[0].filters, self.product_cache) as selection:
            all_groups = selection.snapshot.groups
            groups = NO_GROUPS if alike[0].variants else all_groups
            counts = self._candidate_counts(selection, alike)
            view_counts = [count for count, embeddings in zip(counts, views, strict=True) for _ in embeddings]
            with torch.inference_mode():
                sketches = torch.from_numpy(np.concatenate(views)).to(self.device)  # (B,D): views of all queries
                queries = self._distance.query(sketches).cpu().numpy()
                candidates = _find_candidates(selection, queries, view_counts, groups)
                scanned = time.perf_counter()
                view_rankings = self._rerank(selection.snapshot, sketches, candidates)
                mean_distances = self._mean_distances(selection.indexed, sketches)
            of_groups = [ranking.nearest_of(groups).distances for ranking in view_rankings]
            contrasts = [*map(contrast_of, of_groups, mean_distances)]
            starts = np.cumsum([0, *map(len, views)])
            slices = [slice(*ends) for ends in pairwise(starts)]
            rankings = [
                Ranking.merge_views(view_rankings[part]).without_group(query.left_out, all_groups)
                for query, part in zip(alike, slices, strict=True)
            ]
            products = self._read_products(selection, rankings, ks, groups)
            nearest = [ranking.top_k(products, k, groups) for ranking, k in zip(rankings, ks, strict=True)]
            results = self._add_variants(selection, nearest, groups)
        timings = {"candidates": 1000 * (scanned - started), "rerank": 1000 * (time.perf_counter() - scanned)}
        size, revision = selection.indexed.size, selection.indexed.revision
        return [
            SearchResult(of_query, size, revision, timings, _least_contrast(contrasts[part]))
            for of_query, part in zip(results, slices, strict=True)
        ]

    def _candidate_counts(self, selection: Selection, alike: Sequence[Query]) -> list[int]:
        """Return how many products or groups the first stage has to find for each query, so that k of them remain."""
        snapshot = selection.snapshot
        n_candidates = min(self._n_candidates or self.gallery.n_candidates, snapshot.size)
        counts = [max(query.k, n_candidates) + selection.outdated for query in alike]
        left_out = [np.array([] if query.left_out is None else [query.left_out], np.int64) for query in alike]
        sizes = [len(snapshot.groups.members_of(group)) for group in left_out]
        return [count + size for count, size in zip(counts, sizes, strict=True)]

    def _rerank(self, snapshot: Snapshot, sketches: torch.Tensor, rows: Sequence[Rows]) -> list[Ranking]:
        """Compute exact distances of sketches (B,D) to the candidates of each, by all photos of these."""
        photos = [snapshot.photos_of(candidates[candidates >= 0]) for candidates in rows]
        listed, counts = np.concatenate(photos), [len(of_sketch) for of_sketch in photos]
        owners = np.repeat(np.arange(len(photos)), counts)
        distances = np.empty(len(listed), np.float32)
        for start in range(0, len(listed), _RERANK_BATCH):
            part = slice(start, start + _RERANK_BATCH)
            embeddings = torch.from_numpy(snapshot.embeddings(listed[part])).to(self.device)  # (n,D)
            owner = torch.from_numpy(owners[part]).to(self.device)
            distances[part] = self._exact.listed(sketches, embeddings, owner).cpu().numpy()
        ends = np.cumsum(counts)[:-1]
        columns = (snapshot.revisions(listed), distances, snapshot.positions(listed))
        rankings = [Ranking(*parts) for parts in zip(*(np.split(column, ends) for column in columns), strict=True)]
        return rankings if snapshot.photos == snapshot.size else [ranking.nearest_photos() for ranking in rankings]

    def _mean_distances(self, snapshot: Snapshot, sketches: torch.Tensor) -> NDArray[np.float64] | list[None]:
        """Compute (B,), the mean distance of each sketch (B,D) to a sample of all products, None for a small sample.

        A distance is linear in the photo's key, so the mean of the keys suffices.
        """
        if snapshot.mean_key is None:
            return [None] * len(sketches)
        s, key = sketches.double(), torch.from_numpy(snapshot.mean_key).to(self.device)  # (D+1,)
        return (self._exact.offset(s) - self._exact.query(s) @ key).cpu().numpy()

    def _read_products(
        self, selection: Selection, rankings: Sequence[Ranking], ks: Sequence[int], groups: Groups
    ) -> dict[int, Product]:
        """Read the products, by revision, that can be among the k nearest of a ranking."""
        revisions = {
            revision for ranking, k in zip(rankings, ks, strict=True) for revision in ranking.top_k_with_ties(k, groups)
        }
        products = selection.products(self.product_cache, revisions)
        if len(products) < len(revisions):  # old states of changed products drop out, and others take their places
            candidates = (revision for ranking in rankings for revision in ranking.revisions.tolist())
            products = selection.products(self.product_cache, candidates)
        return products

    def _add_variants(
        self, selection: Selection, nearest: Sequence[Sequence[tuple[Product, float, int]]], groups: Groups
    ) -> list[list[Result]]:
        """Make the results of each query from its nearest products, with the live variants of all."""
        shown = {product.revision: product for of_query in nearest for product, *_ in of_query}
        revisions = np.array([product.revision for of_query in nearest for product, *_ in of_query], np.int64)
        members = groups.members_of(np.unique(groups.numbers_of(revisions)))
        products = selection.products(self.product_cache, members.tolist()) | shown
        variants: dict[int, list[Product]] = {}
        for number, revision in zip(groups.numbers_of(members).tolist(), members.tolist(), strict=True):
            if revision in products:
                variants.setdefault(number, []).append(products[revision])
        summaries = {number: self._variants_cache.summarise(of_group) for number, of_group in variants.items()}
        numbers = iter(groups.numbers_of(revisions).tolist())
        return [[Result(*row, summaries[next(numbers)]) for row in of_query] for of_query in nearest]


def _find_candidates(
    selection: Selection, queries: Embeddings, counts: Sequence[int], groups: Groups
) -> Sequence[Rows]:
    """Find the candidates of queries (B,Q): the nearest `counts` products, or all passing ones of as many groups."""
    if len(groups):
        return group_candidates(selection.snapshot, queries, counts, selection.passing)
    rows = selection.snapshot.candidates(queries, max(counts), selection.passing)
    return [row[:count] for row, count in zip(rows, counts, strict=True)]


def _are_abandoned(queries: Sequence[Query]) -> bool:
    return all(query.is_abandoned() for query in queries)


def _least_contrast(contrasts: Sequence[float | None]) -> float | None:
    return min((contrast for contrast in contrasts if contrast is not None), default=None)

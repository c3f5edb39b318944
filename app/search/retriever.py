"""Search of a gallery: embed sketches, take candidates from the index, and re-rank them by the exact distance.

Server and evaluation both search through this class, so their answers are the same. Results at the same distance
are in the order of their product ids.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import torch

from app.catalogue.product_cache import ProductCache
from app.colours.likeness import WEIGHT
from app.database.read_limits import abandonable
from app.gallery.gallery import Gallery
from app.gallery.selection import Selection
from app.index.first_stage.group_search import find_candidates
from app.index.first_stage.groups import NO_GROUPS, Groups, group_number
from app.products.filters import Filters
from app.search.listing.pages import read_pages
from app.search.listing.result_reader import ResultReader
from app.search.listing.shifts import WORDS_SPREAD, measure_spread, shift
from app.search.listing.stock_order import in_stock_first
from app.search.listing.word_order import rank_by_words
from app.search.product_selection import select_products
from app.search.ranking import Ranking, Row
from app.search.results import ALL, Comparison, Query, SearchResult, UnknownProductError, Views, photo_name
from app.search.variants_cache import VariantsCache
from app.search.view_ranking import RankedViews, least_contrast, rank_views
from model.checkpoint import Checkpoint
from model.device import resolve_device
from model.inference.exact_distances import ExactDistances
from model.preprocessing.images import Pixels
from model.preprocessing.preprocess import Preprocess


class Retriever:
    """Search of a gallery with a checkpoint, on a device: "auto" (CUDA if present, else CPU), "cpu" or "cuda".

    The first stage takes `n_candidates` candidates, or k if that is more. None means as many as the gallery was tuned
    for. Colours that a sketch is drawn in count by `color_weight`. The checkpoint's network is moved to the device.
    Safe to use from many threads.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        gallery: Gallery,
        n_candidates: int | None = None,
        device: str = "auto",
        color_weight: float = WEIGHT,
    ) -> None:
        if n_candidates is not None and n_candidates < 1:
            raise ValueError(f"n_candidates is {n_candidates}: expected at least 1")
        self.gallery = gallery
        self.device = resolve_device(device)
        self.product_cache = ProductCache()
        self._variants_cache = VariantsCache()
        self._n_candidates, self._color_weight = n_candidates, color_weight
        self._checkpoint = checkpoint
        checkpoint.network.to(self.device)
        self._exact = ExactDistances(checkpoint.network.distance, self.device)

    @property
    def preprocess(self) -> Preprocess:
        """Preprocessing of the checkpoint."""
        return self._checkpoint.preprocess

    def search(self, frame: Pixels, k: int, filters: Filters = ALL, *, mirror: bool = True) -> SearchResult:
        """Find the k products nearest to a sketch's frame (256,256) that pass the filters, or all if fewer pass.

        With `mirror`, the distance of a product is the smaller one of those to the sketch and to its mirror image:
        catalogues show shoes from one side, people draw them from either. If the gallery has the photos' mirror images,
        the sketch is compared with these in place of its own.
        """
        return self.search_all([Query.of(frame, k, filters, mirror=mirror)])[0]

    def search_all(self, queries: Sequence[Query]) -> list[SearchResult]:
        """Search for several queries: all share one forward pass, those of the same filters one index scan."""
        started = time.perf_counter()
        views = self._embed_views(queries)
        embed_ms = (time.perf_counter() - started) * 1000
        numbers_by_scope: dict[tuple[Filters, bool, bool, bool], list[int]] = {}
        for number, query in enumerate(queries):
            scope = query.filters, query.variants, query.listing.out_of_stock_last, query.is_by_words
            numbers_by_scope.setdefault(scope, []).append(number)
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
        own = embeddings[:, : self._checkpoint.network.dim]  # as they are, without their mirror images
        return Query(own, k, filters, variants, None if key is None else group_number(key), product_id)

    def compare(self, frame: Pixels, product_id: str, *, mirror: bool = True) -> Comparison:
        """Compare a product with a sketch's frame, by the distance that search() gives. Raises UnknownProductError."""
        embedded = self.gallery.catalogue.embedded(product_id)
        if embedded is None:
            raise UnknownProductError(product_id)
        product, embeddings = embedded
        sides = np.split(embeddings, 1 + self.gallery.is_mirrored, axis=1)  # (P,D) each
        views = self._embed_views([Query.of(frame, 1, mirror=mirror)])[0]
        with torch.inference_mode():
            terms = self._exact.terms_of(torch.from_numpy(views.embeddings))
            photos = [torch.from_numpy(side) for side in sides[: views.sides]]
            distances = np.concatenate([self._exact.to_photos(terms, side).numpy() for side in photos])  # (V,P)
        nearest = distances.min(1)
        is_mirrored = bool(nearest[-1] < nearest[0])
        view = -1 if is_mirrored else 0
        return Comparison(
            product, float(nearest[view]), photo_name(product, int(distances[view].argmin())), is_mirrored
        )

    def _embed_views(self, queries: Sequence[Query]) -> list[Views]:
        """Embed the views of queries by one forward pass for all that have no embeddings."""
        is_mirrored = self.gallery.is_mirrored
        frames = [query.frames(is_mirrored=is_mirrored) for query in queries]
        joined = [frame for of_query in frames for frame in of_query]
        embeddings = self._checkpoint.embed_frames(joined) if joined else np.zeros((0, 0), np.float32)
        ends = np.cumsum([0, *map(len, frames)]).tolist()
        return [
            Views(
                embeddings[start:end] if isinstance(query.views, list) else np.asarray(query.views, np.float32),
                sides=2 if query.mirror and is_mirrored else 1,
            )
            for query, (start, end) in zip(queries, pairwise(ends), strict=True)
        ]

    def _search(self, alike: Sequence[Query], views: Sequence[Views]) -> list[SearchResult]:
        """Search for queries of the same scope, by the views of each."""
        filters, stages = alike[0].filters, dict.fromkeys(("candidates", "rerank"), 0.0)
        with select_products(self.gallery, filters, self.product_cache) as selection:
            groups = NO_GROUPS if alike[0].variants else selection.snapshot.groups
            reader = ResultReader(selection, groups, self.product_cache, self._variants_cache)
            parts = iter([selection])
            if alike[0].listing.out_of_stock_last:
                parts = in_stock_first(selection, groups)
            nearest: list[list[Row]] = [[] for _ in alike]
            contrasts: list[list[float | None]] = [[] for _ in alike]
            for number, part in enumerate(parts):
                ranked = self._rank(part, alike, views, groups, stages)
                queries = (
                    [replace(query, pins=()) for query in alike] if number else alike
                )  # pins are of the first part
                rows = reader.nearest([ranking for ranking, _ in ranked], queries)
                nearest = [[*a, *b][: query.reach] for a, b, query in zip(nearest, rows, alike, strict=True)]
                contrasts = [[*known, more] for known, (_, more) in zip(contrasts, ranked, strict=True)]
                if all(len(rows) == query.reach for rows, query in zip(nearest, alike, strict=True)):
                    break
            started = time.perf_counter()
            pages = read_pages(reader, nearest, alike)
        stages["rerank"] += 1000 * (time.perf_counter() - started)
        size, revision, limit = selection.indexed.size, selection.indexed.revision, self._checkpoint.max_contrast
        return [
            SearchResult(results, size, revision, stages, least_contrast(known), limit, page, words=selection.words)
            for (results, page), known in zip(pages, contrasts, strict=True)
        ]

    def _rank(
        self,
        selection: Selection,
        alike: Sequence[Query],
        views: Sequence[Views],
        groups: Groups,
        stages: dict[str, float],
    ) -> list[tuple[Ranking, float | None]]:
        """Rank the candidates of a selection for each query, and compute its contrast; add the time to `stages`."""
        started = time.perf_counter()
        if alike[0].is_by_words:
            ranking = rank_by_words(selection)
            stages["candidates"] += 1000 * (time.perf_counter() - started)
            return [(self._shift(selection, ranking, query, WORDS_SPREAD), None) for query in alike]
        counts = self._candidate_counts(selection, alike)
        counts_of_views = [len(of_query.embeddings) for of_query in views]
        owners = np.repeat(np.arange(len(alike)), counts_of_views)  # (B,): the query of each view
        sides = np.repeat([of_query.sides for of_query in views], counts_of_views)
        ranked_sides: list[list[RankedViews]] = [[] for _ in alike]
        with torch.inference_mode():
            terms = self._exact.terms_of(torch.from_numpy(np.concatenate([of_query.embeddings for of_query in views])))
            queries = terms.queries.float().cpu().numpy()  # (B,Q): views of all queries
            for side, of_side in enumerate(selection.sides):
                if not len(chosen := np.flatnonzero(sides > side)):
                    continue
                limits = [counts[owner] for owner in owners[chosen].tolist()]
                candidates = find_candidates(of_side.snapshot, queries[chosen], limits, groups, selection.passing)
                scanned = time.perf_counter()
                stages["candidates"] += 1000 * (scanned - started)
                for owner in np.unique(owners[chosen]).tolist():
                    own = np.flatnonzero(owners[chosen] == owner).tolist()
                    of_query = terms.take(chosen[own].tolist()), [candidates[number] for number in own]
                    ranked_sides[owner].append(rank_views(self._exact, of_side, *of_query, groups))
                started = time.perf_counter()
                stages["rerank"] += 1000 * (started - scanned)
        ranked: list[tuple[Ranking, float | None]] = []
        for query, parts in zip(alike, ranked_sides, strict=True):
            ranking, contrast, mean = RankedViews.merge(parts)
            ranking = ranking.without_group(query.left_out, selection.snapshot.groups)
            ranked.append((self._shift(selection, ranking, query, measure_spread(ranking, mean)), contrast))
        stages["rerank"] += 1000 * (time.perf_counter() - started)
        return ranked

    def _shift(self, selection: Selection, ranking: Ranking, query: Query, spread: float) -> Ranking:
        """Shift the candidates of a query by its colours and rules, if it has any."""
        if not query.drawn and not query.rules.has_moves:
            return ranking
        products = selection.products(self.product_cache, ranking.revisions.tolist())
        return shift(ranking, products, query, spread, self._color_weight)

    def _candidate_counts(self, selection: Selection, alike: Sequence[Query]) -> list[int]:
        """Return how many products or groups the first stage has to find for each query, so that enough remain."""
        snapshot = selection.snapshot
        n_candidates = min(self._n_candidates or self.gallery.n_candidates, snapshot.size)
        counts = [max(query.depth + (query.own is not None), n_candidates) + selection.outdated for query in alike]
        left_out = [np.array([] if query.left_out is None else [query.left_out], np.int64) for query in alike]
        sizes = [len(snapshot.groups.members_of(group)) for group in left_out]
        return [count + size for count, size in zip(counts, sizes, strict=True)]


def _are_abandoned(queries: Sequence[Query]) -> bool:
    return all(query.is_abandoned() for query in queries)

"""Ranking of candidates by exact distance, before their products are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.core.arrays import Rows
from app.products.product import Product
from app.search.results import Result


@dataclass(frozen=True)
class Ranking:
    """Candidates in any order: revisions (n,), exact distances (n,) and positions (n,) of their nearest photos."""

    revisions: Rows
    distances: NDArray[np.float32]
    positions: Rows

    @staticmethod
    def merge_views(views: Sequence[Ranking]) -> Ranking:
        """Merge the rankings of several views of one sketch; a candidate is as near as to its nearest view."""
        if len(views) == 1:
            return views[0]
        fields = ("revisions", "distances", "positions")
        return Ranking(*(np.concatenate([getattr(view, name) for view in views]) for name in fields)).nearest_photos()

    def nearest_photos(self) -> Ranking:
        """Reduce a ranking of photos to the nearest photo of each product, the first one of equal distances."""
        order = np.lexsort((self.positions, self.distances, self.revisions))
        _, first = np.unique(self.revisions[order], return_index=True)
        nearest = order[first]
        return Ranking(self.revisions[nearest], self.distances[nearest], self.positions[nearest])

    def top_k_with_ties(self, k: int) -> list[int]:
        """Return the revisions of the k nearest candidates and of all that tie with the last of these."""
        if k >= len(self.distances):
            return [int(revision) for revision in self.revisions]
        kth = np.partition(self.distances, k - 1)[k - 1]
        return [int(revision) for revision in self.revisions[self.distances <= kth]]

    def results(self, products: Mapping[int, Product], k: int) -> list[Result]:
        """Return the k nearest candidates of those in `products`, keyed by revision; ties are in the order of ids."""
        triples = zip(self.revisions.tolist(), self.distances.tolist(), self.positions.tolist(), strict=True)
        results = [Result(products[r], distance, position) for r, distance, position in triples if r in products]
        return sorted(results, key=lambda result: (result.distance, result.product.product_id))[:k]

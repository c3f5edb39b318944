"""Candidates by their exact distances, before anybody knows which products they are."""

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
    """Candidates (n,) by their revisions, and exact distances (n,) to them, in no order.

    A product is as near as its nearest photo, which `positions` (n,) tell.
    """

    revisions: Rows
    distances: NDArray[np.float32]
    positions: Rows

    @staticmethod
    def merge_views(views: Sequence[Ranking]) -> Ranking:
        """Candidates of several views of one thing, each as near as it is to the nearest view."""
        if len(views) == 1:
            return views[0]
        fields = ("revisions", "distances", "positions")
        return Ranking(*(np.concatenate([getattr(view, name) for view in views]) for name in fields)).nearest_photos()

    def nearest_photos(self) -> Ranking:
        """Each product once, where it was there by each of its photos; of photos as near, the first counts."""
        order = np.lexsort((self.positions, self.distances, self.revisions))
        _, first = np.unique(self.revisions[order], return_index=True)
        kept = order[first]
        return Ranking(self.revisions[kept], self.distances[kept], self.positions[kept])

    def top_k_with_ties(self, k: int) -> list[int]:
        """Revisions of the k nearest and of all that tie with the last of these."""
        if k >= len(self.distances):
            return [int(revision) for revision in self.revisions]
        kth = np.partition(self.distances, k - 1)[k - 1]
        return [int(revision) for revision in self.revisions[self.distances <= kth]]

    def results(self, products: Mapping[int, Product], k: int) -> list[Result]:
        """The k nearest of those whose products are there, by revision; at the same distance by their ids."""
        triples = zip(self.revisions.tolist(), self.distances.tolist(), self.positions.tolist(), strict=True)
        results = [Result(products[r], distance, position) for r, distance, position in triples if r in products]
        return sorted(results, key=lambda result: (result.distance, result.product.product_id))[:k]

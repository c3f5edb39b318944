"""Ranking of candidates by exact distance, before their products are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.core.arrays import Rows
from app.index.first_stage.groups import Groups
from app.products.product import Product
from app.rules.rule import Rule


class Row(NamedTuple):
    """Product with its distance, the position of its nearest photo, and the rule that has pinned it, if any."""

    product: Product
    distance: float
    position: int
    pin: Rule | None = None


@dataclass(frozen=True)
class Ranking:
    """Candidates in any order: revisions (n,), exact distances (n,) and positions (n,) of their nearest photos."""

    revisions: Rows
    distances: NDArray[np.float32]
    positions: Rows

    @staticmethod
    def merge(rankings: Sequence[Ranking]) -> Ranking:
        """Merge rankings by the same sketch; a candidate is as near as in the ranking where it is nearest."""
        if len(rankings) == 1:
            return rankings[0]
        fields = ("revisions", "distances", "positions")
        return Ranking(
            *(np.concatenate([getattr(part, name) for part in rankings]) for name in fields)
        ).nearest_photos()

    def nearest_photos(self) -> Ranking:
        """Reduce a ranking of photos to the nearest photo of each product, the first one of equal distances."""
        order = np.lexsort((self.positions, self.distances, self.revisions))
        _, first = np.unique(self.revisions[order], return_index=True)
        return self.among(order[first])

    def without_group(self, number: int | None, groups: Groups) -> Ranking:
        """Remove the products of a group, if any."""
        if number is None:
            return self
        return self.among(groups.numbers_of(self.revisions) != number)

    def among(self, chosen: NDArray[np.bool_] | Rows) -> Ranking:
        """Reduce the ranking to the `chosen` entries, by a mask (n,) or by their numbers."""
        return Ranking(self.revisions[chosen], self.distances[chosen], self.positions[chosen])

    def top_k_with_ties(self, k: int, groups: Groups) -> list[int]:
        """Return the revisions of products that can be the nearest of the k nearest groups, with all ties."""
        nearest, among = self.distances, np.ones(len(self.distances), bool)
        if len(groups):
            _, group = np.unique(groups.numbers_of(self.revisions), return_inverse=True)
            nearest = np.full(group.max(initial=-1) + 1, np.inf, np.float32)
            np.minimum.at(nearest, group, self.distances)
            among = self.distances == nearest[group]
        if k < len(nearest):
            among &= self.distances <= np.partition(nearest, k - 1)[k - 1]
        return [int(revision) for revision in self.revisions[among]]

    def top_k(self, products: Mapping[int, Product], k: int, groups: Groups) -> list[Row]:
        """Return the rows of the k nearest groups of those in `products`, keyed by revision.

        A group is represented by its nearest product. Ties are in the order of ids.
        """
        columns = self.revisions, self.distances, self.positions, groups.numbers_of(self.revisions)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        known = [(products[r], distance, position, group) for r, distance, position, group in rows if r in products]
        nearest: dict[int, Row] = {}
        for product, distance, position, group in sorted(known, key=lambda row: (row[1], row[0].product_id)):
            nearest.setdefault(group, Row(product, distance, position))
        return list(nearest.values())[:k]

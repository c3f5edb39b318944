"""Selection of a search: the index, the changes that the index lacks, and the products that pass the filters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from app.catalogue.product_cache import ProductCache, ProductSource
from app.core.arrays import Rows
from app.index.first_stage.index_snapshot import IndexSnapshot
from app.index.first_stage.passing import Passing
from app.products.conditions import Condition
from app.products.filters import Filters
from app.products.product import Product
from app.words.word_query import WordMatch


class SelectionSource(ProductSource, Protocol):
    """Source of the products of one moment, and of those that pass filters."""

    def matching(self, filters: Filters, among: Rows | None = None) -> Rows:
        """Return the revisions (N,) of all products that pass, or of those `among` revisions, in no order."""

    def meeting(self, condition: Condition) -> Rows:
        """Return the revisions (N,) of all products that meet a condition of a rule, in no order."""

    def measure_words(self, match: WordMatch) -> dict[int, float]:
        """Return by revision how far each product with all words is from having them best."""


@dataclass(frozen=True)
class Selection:
    """Gallery and catalogue as of one moment, that of `view`.

    `indexed` is the newest snapshot. `snapshot` also has the photos of the products that changed after it. Both still
    have the old photos of these products, whose ids are in `changed`; products() leaves the old states out.
    """

    indexed: IndexSnapshot
    snapshot: IndexSnapshot
    passing: Passing
    changed: frozenset[str]
    view: SelectionSource
    words: WordMatch | None = None  # what became of the words of the filters

    @property
    def sides(self) -> list[Selection]:
        """The selection and, if photos are embedded both ways round, that of their mirror images."""
        indexed, snapshot = self.indexed.mirrored, self.snapshot.mirrored
        if indexed is None or snapshot is None:
            return [self]
        return [self, replace(self, indexed=indexed, snapshot=snapshot)]

    @property
    def outdated(self) -> int:
        """Number of candidates that products() may leave out, at most."""
        return len(self.changed)

    def products(self, cache: ProductCache, revisions: Iterable[int]) -> dict[int, Product]:
        """Return the products that have these revisions at the moment of the selection, by revision."""
        if not self.snapshot.knows_deletions:  # else the cache would also return products that are gone
            revisions = self.view.matching(Filters(), np.array(list(revisions), np.int64)).tolist()
        products = cache.at_revisions(self.view, revisions)
        return {r: p for r, p in products.items() if r > self.indexed.revision or p.product_id not in self.changed}

"""A cache of the products of results. While a sketch is drawn, most results stay the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from app.products.product import Product

CAPACITY = 50_000  # products, of about 1.4 kB each


class ProductSource(Protocol):
    """Source of products by revision, such as a view of the catalogue."""

    def at_revisions(self, revisions: Iterable[int]) -> dict[int, Product]:
        """Return the products that have these revisions, by revision."""


class ProductCache:
    """Products of a catalogue by revision. A revision always means the same state of the same product.

    A cached state stays, even after the product is replaced or deleted, until a later state of it is cached.
    """

    def __init__(self) -> None:
        self._products: dict[int, Product] = {}
        self._revisions: dict[str, int] = {}  # of cached products, by id

    def at_revisions(self, view: ProductSource, revisions: Iterable[int]) -> dict[int, Product]:
        """Return products by revision. Those that are neither cached nor in `view` are left out."""
        wanted, cached = set(revisions), self._products
        looked_up = {revision: cached.get(revision) for revision in wanted}  # other threads may remove some meanwhile
        known = {revision: product for revision, product in looked_up.items() if product is not None}
        if missing := wanted - known.keys():
            read = view.at_revisions(list(missing))
            self._store(read)
            known |= read
        return known

    def missing(self, revisions: Iterable[int]) -> list[int]:
        """Return those of the revisions that are not cached."""
        return [revision for revision in revisions if revision not in self._products]

    def _store(self, read: Mapping[int, Product]) -> None:
        """Cache products in place of their earlier states. If the cache is full, empty it first."""
        if len(self._products) + len(read) > CAPACITY:
            self._products, self._revisions = {}, {}
        for revision, product in read.items():
            self._products[revision] = product
            before = self._revisions.get(product.product_id, revision)
            self._revisions[product.product_id] = max(before, revision)
            if before != revision:
                self._products.pop(min(before, revision), None)

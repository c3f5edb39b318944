"""A cache of the products of results. While a sketch is drawn, most results stay the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.catalogue.catalogue_view import CatalogueView
from app.products.product import Product

_MOST = 10_000  # products in the cache


class ProductCache:
    """Products of a catalogue by revision. A revision always means the same state of the same product.

    A cached state stays, even after the product is replaced or deleted, until a later state of it is cached.
    """

    def __init__(self) -> None:
        self._products: dict[int, Product] = {}
        self._revisions: dict[str, int] = {}  # of cached products, by id

    def at_revisions(self, view: CatalogueView, revisions: Iterable[int]) -> dict[int, Product]:
        """Return products by revision. Those that are neither cached nor in `view` are left out."""
        wanted, cached = set(revisions), self._products
        looked_up = {revision: cached.get(revision) for revision in wanted}  # other threads may remove some meanwhile
        known = {revision: product for revision, product in looked_up.items() if product is not None}
        if missing := wanted - known.keys():
            read = view.at_revisions(list(missing))
            self._store(read)
            known |= read
        return known

    def _store(self, read: Mapping[int, Product]) -> None:
        """Cache products in place of their earlier states. If the cache is full, empty it first."""
        if len(self._products) + len(read) > _MOST:
            self._products, self._revisions = {}, {}
        for revision, product in read.items():
            self._products[revision] = product
            before = self._revisions.get(product.product_id, revision)
            self._revisions[product.product_id] = max(before, revision)
            if before != revision:
                self._products.pop(min(before, revision), None)

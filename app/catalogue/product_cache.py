"""Products of results that have been read before: while somebody draws, most results stay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.catalogue.catalogue_view import CatalogueView
from app.products.product import Product

_MOST = 10_000  # products that are held


class ProductCache:
    """Products of a catalogue by their revisions, each of which names one state of one product for good.

    What was known stays known, though the product has been replaced or deleted since, until its next state is.
    """

    def __init__(self) -> None:
        self._products: dict[int, Product] = {}
        self._revisions: dict[str, int] = {}  # of those that are held, by product

    def at_revisions(self, view: CatalogueView, revisions: Iterable[int]) -> dict[int, Product]:
        """Products by revision; one that is new here, and that `view` does not have any more, is left out."""
        wanted, held = set(revisions), self._products
        known = {revision: held.get(revision) for revision in wanted}  # another thread may take some out meanwhile
        found = {revision: product for revision, product in known.items() if product is not None}
        if missing := wanted - found.keys():
            read = view.at_revisions(list(missing))
            self._store(read)
            found |= read
        return found

    def _store(self, read: Mapping[int, Product]) -> None:
        """Hold products, each in place of what it was before; of very many, these alone."""
        if len(self._products) + len(read) > _MOST:
            self._products, self._revisions = {}, {}
        for revision, product in read.items():
            self._products[revision] = product
            before = self._revisions.get(product.product_id, revision)
            self._revisions[product.product_id] = max(before, revision)
            if before != revision:
                self._products.pop(min(before, revision), None)

"""What one search works with: an index, the changes that the index does not have yet, and the products that pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.catalogue.catalogue_view import CatalogueView
from app.catalogue.product_cache import ProductCache
from app.core.arrays import Rows
from app.index.snapshot import Snapshot
from app.products.product import Product


@dataclass(frozen=True)
class Selection:
    """A gallery and its catalogue as of one moment, that of `view`.

    `indexed` is the newest snapshot. `snapshot` has in addition the photos of products that changed after it; of these
    products, which `changed` names, their old photos are still in both, and products() leaves the old states out.
    """

    indexed: Snapshot
    snapshot: Snapshot
    passing: Rows | None  # revisions of the products that pass the filters; None when all do
    changed: frozenset[str]
    view: CatalogueView

    @property
    def outdated(self) -> int:
        """How many candidates, at most, products() may leave out."""
        return len(self.changed)

    def products(self, known: ProductCache, revisions: Iterable[int]) -> dict[int, Product]:
        """Return the products that have these revisions at the moment of this selection, by revision."""
        read = known.at_revisions(self.view, revisions)
        return {r: p for r, p in read.items() if r > self.indexed.revision or p.product_id not in self.changed}

"""Cache of the summaries of groups, since most searches find groups that earlier ones have found."""

from __future__ import annotations

from collections.abc import Sequence

from app.products.product import Product
from app.products.variants import Variants

_MOST = 10_000  # summaries in the cache


class VariantsCache:
    """Summaries of products by their revisions, which always mean the same states. Safe to use from many threads."""

    def __init__(self) -> None:
        self._summaries: dict[tuple[int, ...], Variants] = {}

    def summarise(self, products: Sequence[Product]) -> Variants:
        """Return Variants.of() of products as the catalogue has them."""
        key = tuple(product.revision for product in products)
        summary = self._summaries.get(key)
        if summary is None:
            summary = Variants.of(products)
            if len(self._summaries) >= _MOST:
                self._summaries = {}
            self._summaries[key] = summary
        return summary

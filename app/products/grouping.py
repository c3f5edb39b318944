"""The key that is common to the variants of one product."""

from __future__ import annotations

from enum import Enum

from app.products.product import Product


class Grouping(Enum):
    """How products are grouped: not at all, by `group_id`, or without one also by the content of the first photo."""

    SINGLE = "single"
    BY_ID = "by id"
    BY_ID_OR_PHOTO = "by id or photo"

    def key_of(self, product: Product) -> str | None:
        """Return the key of a product's group, None for a product without a group."""
        return self.key(product.group_id, product.photos[0].source if product.photos else None)

    def key(self, group_id: str | None, source: str | None) -> str | None:
        """Return the key of a group by its id and the SHA-256 of the first photo, None without a group."""
        if self is Grouping.SINGLE:
            return None
        if group_id is not None:
            return f"id {group_id}"
        return f"photo {source}" if source and self is Grouping.BY_ID_OR_PHOTO else None

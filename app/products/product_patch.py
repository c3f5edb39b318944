"""Partial updates of products, by the rules of a JSON merge patch (RFC 7396)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.products.languages.translations import Place, merge_texts
from app.products.product import Product
from app.products.text_keys import attribute_name


@dataclass(frozen=True)
class ProductPatch:
    """Changes of one product's fields; photos are never among them.

    `fields` has the new values by the field's name in Product, None to remove one. `attributes` has the new values by
    name, none to remove an attribute; other attributes stay. Without any `attributes` (None), all are removed.
    `translations` has new texts by language and field, None to remove one; other translations stay.
    """

    product_id: str
    fields: Mapping[str, Any]
    attributes: Mapping[str, Sequence[str]] | None = field(default_factory=dict)
    translations: Mapping[Place, str | None] = field(default_factory=dict)

    def apply(self, product: Product) -> Product:
        """Return the product with the changes. Raises ValueError for values that cannot be recorded."""
        given = self.attributes or {}
        replaced = {attribute_name(name) for name in given}
        stored = () if self.attributes is None else product.attributes
        attributes = [(name, value) for name, value in stored if name not in replaced]
        attributes += [(name, value) for name, values in given.items() for value in values]
        texts = merge_texts(product.translations, self.translations) if self.translations else product.translations
        return replace(product, **self.fields, attributes=tuple(attributes), translations=texts)

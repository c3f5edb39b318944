"""Records and items that the readers of all formats give."""

from __future__ import annotations

from dataclasses import dataclass

from app.products.product import Product
from app.products.product_patch import ProductPatch

Fields = dict[str, list[str]]
"""Values by field name in Google's spelling, such as image_link. Repeated fields have several; no value is empty."""


class FeedError(ValueError):
    """Source that cannot be read as a whole."""


@dataclass(frozen=True)
class FeedRecord:
    """Entry of a feed: its position, such as "line 7", and its fields."""

    where: str
    fields: Fields


@dataclass(frozen=True)
class FeedItem:
    """Product of a source, and the links of its photos, the main one first."""

    product: Product
    links: tuple[str, ...]

    @property
    def product_id(self) -> str:
        """Id of the product."""
        return self.product.product_id


@dataclass(frozen=True)
class FeedTexts:
    """Texts of a product in one language, and their position in the source."""

    where: str
    patch: ProductPatch

    @property
    def product_id(self) -> str:
        """Id of the product."""
        return self.patch.product_id


def field_name(name: str) -> str:
    """Normalise a field's name: "Image Link", "image link" and "g:image_link" become image_link."""
    return "_".join(name.lower().split()).removeprefix("g:")


def add_value(fields: Fields, name: str, value: str) -> None:
    """Add a value to a record's fields, unless it is empty."""
    value = value.strip()
    if value:
        fields.setdefault(field_name(name), []).append(value)

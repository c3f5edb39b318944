"""What sources of products give, whatever their format."""

from __future__ import annotations

from dataclasses import dataclass

from app.products.product import Product

Fields = dict[str, list[str]]
"""Values by name, as Google spells these: image_link. Only what repeats has more than one; none is empty."""


class FeedError(ValueError):
    """The source as a whole cannot be read."""


@dataclass(frozen=True)
class FeedRecord:
    """One entry of a feed: where it stands ("line 7") and its fields."""

    where: str
    fields: Fields


@dataclass(frozen=True)
class FeedItem:
    """A product as its source describes it, and the links of its photos, the main one first."""

    product: Product
    links: tuple[str, ...]


def field_name(name: str) -> str:
    """The one spelling of a field's name: "Image Link", "image link" and "g:image_link" are image_link."""
    return "_".join(name.lower().split()).removeprefix("g:")


def add_value(fields: Fields, name: str, value: str) -> None:
    """Add a value to a record's fields, unless it is empty."""
    value = value.strip()
    if value:
        fields.setdefault(field_name(name), []).append(value)

"""What a product is, and how a shopper narrows a search down to some of them."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

_MAX_ID = 512  # characters
_MAX_PRICE = Decimal(10) ** 12  # in any currency; keeps prices well inside a 64-bit column


@dataclass(frozen=True)
class Product:
    """One product as the catalogue records it. Raises ValueError for an id or a price that cannot be recorded."""

    product_id: str
    title: str
    category: str | None = None  # a path such as "Shoes > Boots"
    price: Decimal | None = None
    currency: str | None = None  # ISO 4217, such as "EUR"
    link: str | None = None
    color: str | None = None  # or several: "Black/Red"
    gender: str | None = None
    photo: str = ""  # SHA-256 of the stored WebP file, which is also its name
    source: str = ""  # SHA-256 of the photo's original bytes
    revision: int = 0  # given by the catalogue when it stores the product

    def __post_init__(self) -> None:
        object.__setattr__(self, "category", category_path(self.category))
        object.__setattr__(self, "currency", self.currency.upper() if self.currency else None)
        name = self.product_id
        if not name.strip() or len(name) > _MAX_ID or any(unicodedata.category(c) in ("Cc", "Cs") for c in name):
            raise ValueError(
                f"product id {name[:60]!r} is not usable: expected 1 to {_MAX_ID} characters, none of them control"
            )
        if self.price is not None and not (self.price.is_finite() and 0 <= self.price < _MAX_PRICE):
            raise ValueError(f"price {self.price} is not usable: expected a number from 0 to {_MAX_PRICE:,}")


@dataclass(frozen=True)
class Filters:
    """What results must have; None or nothing leaves a property open. A product without one fails every filter of it.

    A category matches itself and everything below it: "shoes" matches "Shoes > Boots". A product of any of the colours
    passes; "red" matches "Black/Red", and "red/black" what has both. Prices are inclusive, and compared as numbers
    unless a currency is given, in which they then are. Case never matters. Raises ValueError for what nothing can have.
    """

    category: str | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    colors: tuple[str, ...] = ()
    currency: str | None = None

    def __post_init__(self) -> None:
        for name, price in (("min_price", self.min_price), ("max_price", self.max_price)):
            if price is not None and not (price.is_finite() and price >= 0):
                raise ValueError(f"{name} is {price}: expected a number from 0")
        if self.category is not None and category_path(self.category) is None:
            raise ValueError(f"category is {self.category!r}: expected a path such as 'Shoes > Boots'")
        if nameless := [color for color in self.colors if not color_keys(color)]:
            raise ValueError(f"color is {nameless[0]!r}: expected a name such as 'red'")
        if self.currency is not None and not self.currency.strip():
            raise ValueError(f"currency is {self.currency!r}: expected a code such as 'EUR'")

    @property
    def is_open(self) -> bool:
        """Whether every product passes."""
        return self == Filters()


def category_path(text: str | None) -> str | None:
    """The one spelling of a category path: "shoes>  Boots " -> "shoes > Boots"; None when nothing is left."""
    parts = (" ".join(part.split()) for part in (text or "").split(">"))
    return " > ".join(part for part in parts if part) or None


def category_key(text: str | None) -> str | None:
    """What category paths are compared by: the path without its case."""
    path = category_path(text)
    return path.casefold() if path else None


def category_counts(rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Category paths with the number of products right in each -> the number in and below each, ancestors included.

    Spellings that differ in case are one category, under the spelling that sorts first.
    """
    names: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for category, count in rows:
        parts = category.split(" > ")
        for depth in range(1, len(parts) + 1):
            path = " > ".join(parts[:depth])
            key = path.casefold()
            names[key] = min(names.get(key, path), path)
            counts[key] += count
    return {names[key]: counts[key] for key in sorted(counts)}


def color_names(text: str | None) -> list[str]:
    """The single colours of a feed's "Black / Dark  Red": ["Black", "Dark Red"]."""
    parts = (" ".join(part.split()) for part in (text or "").split("/"))
    return [part for part in parts if part]


def color_keys(text: str | None) -> set[str]:
    """What colours are compared by: the single ones, without their case."""
    return {name.casefold() for name in color_names(text)}


def color_counts(rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Colours as products have them with the number of these -> the number that has each single colour, by name.

    Spellings that differ in case are one colour, under the spelling that sorts first.
    """
    names: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for color, count in rows:
        for name in color_names(color):
            names[name.casefold()] = min(names.get(name.casefold(), name), name)
        for key in color_keys(color):
            counts[key] += count
    return {names[key]: counts[key] for key in sorted(counts)}

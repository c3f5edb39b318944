"""Shop of shoes in many sizes: its feed in Google's format, and what a plain loop over its items finds."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.products.product import Product

FIRST_SIZE = 36
_COLUMNS = ("id", "item_group_id", "title", "product_type", "color", "gender", "size", "size_system", "price",
            "availability", "image_link")  # fmt: skip

Parameters = list[tuple[str, str | int | float | bool | None]]


@dataclass(frozen=True)
class Item:
    """Shoe of one size, which the feed has an entry of."""

    product_id: str
    group: str
    shoe: Product  # title, category, colour and gender
    size: int  # EU
    price: Decimal  # EUR
    is_in_stock: bool
    link: str  # of the photo

    def to_line(self) -> str:
        """Return the line of a feed in Google's format, which begins with FEED_HEADER."""
        shoe, stock = self.shoe, "in stock" if self.is_in_stock else "out of stock"
        values = (self.product_id, self.group, shoe.title, shoe.category, shoe.color, shoe.gender, self.size, "EU",
                  f"{self.price} EUR", stock, self.link)  # fmt: skip
        return "\t".join(str(value or "") for value in values)


FEED_HEADER = "\t".join(_COLUMNS)


@dataclass(frozen=True)
class ItemFilter:
    """Filters of a search, which an item passes together or not at all."""

    sizes: tuple[int, ...] = ()
    is_in_stock: bool = False
    color: str | None = None
    gender: str | None = None
    max_price: Decimal | None = None

    def passes(self, item: Item) -> bool:
        """Return whether an item passes all filters."""
        return (
            (not self.sizes or item.size in self.sizes)
            and (not self.is_in_stock or item.is_in_stock)
            and (self.color is None or (item.shoe.color or "").casefold() == self.color.casefold())
            and (self.gender is None or (item.shoe.gender or "").casefold() == self.gender.casefold())
            and (self.max_price is None or item.price <= self.max_price)
        )

    def to_parameters(self) -> Parameters:
        """Return the query parameters of a request."""
        parameters: Parameters = [("size", f"EU {size}") for size in self.sizes]
        parameters += [("in_stock", "true")] * self.is_in_stock
        parameters += [(name, value) for name, value in (("color", self.color), ("gender", self.gender)) if value]
        if self.max_price is not None:
            parameters += [("max_price", str(self.max_price)), ("currency", "EUR")]
        return parameters

    @staticmethod
    def draw(items: Sequence[Item], rng: random.Random) -> ItemFilter:
        """Draw filters that have values of some item."""
        item = rng.choice(items)
        return ItemFilter(
            sizes=tuple(sorted({item.size, *(rng.choice(items).size for _ in range(rng.randrange(3)))})),
            is_in_stock=rng.random() < 0.6,
            color=item.shoe.color if rng.random() < 0.3 else None,
            gender=item.shoe.gender if rng.random() < 0.3 else None,
            max_price=item.price if rng.random() < 0.3 else None,
        )


def make_items(shoes: Iterable[tuple[Product, str]], sizes: int, rng: random.Random) -> list[Item]:
    """Make items of shoes and the links of their photos: each in some sizes, with prices and stock at random."""
    items = list[Item]()
    for shoe, link in shoes:
        price = Decimal(rng.randrange(1990, 19_990, 100)) / 100
        for size in range(FIRST_SIZE, FIRST_SIZE + sizes):
            own = price + rng.choice((0, 0, 5))  # some sizes are dearer
            item_id = f"{shoe.product_id}-{size}"
            items.append(Item(item_id, shoe.product_id, shoe, size, own, rng.random() < 0.6, link))
    return items


def write_feed(items: Iterable[Item]) -> bytes:
    """Return a feed of items as a table."""
    return "\n".join([FEED_HEADER, *(item.to_line() for item in items)]).encode()

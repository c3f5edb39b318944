"""What the variants of one product have together: sizes, colours, prices and stock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.products.product import Product
from app.products.sizes import size_order
from app.products.text_keys import collapse_spaces, comparison_key

_BEST_FIRST = ("in_stock", "preorder", "backorder", None, "out_of_stock")


@dataclass(frozen=True)
class VariantPrices:
    """The range of variants' prices in one currency, which is None if the feed has none."""

    currency: str | None
    lowest: Decimal
    highest: Decimal


@dataclass(frozen=True)
class Variants:
    """Summary of the variants of one product. A product without variants is the only one of its own."""

    group_id: str | None
    count: int
    sizes: list[str]  # in the order of sizes
    colors: list[str]  # in the order of names
    prices: list[VariantPrices]  # in the order of currencies
    availability: str | None  # the best one; an unknown one is better than out_of_stock

    @staticmethod
    def of(products: Sequence[Product]) -> Variants:
        """Summarise at least one product. Spellings that differ in case are one value, the one that sorts first."""
        return Variants(
            group_id=products[0].group_id,
            count=len(products),
            sizes=sorted(_distinct(size for product in products for size in product.sizes), key=size_order),
            colors=sorted(_distinct(color for product in products for color in product.colors), key=str.casefold),
            prices=_price_ranges(products),
            availability=min((product.availability for product in products), key=_BEST_FIRST.index),
        )


def _distinct(values: Iterable[str]) -> list[str]:
    spellings: dict[str, str] = {}
    for value in map(collapse_spaces, values):
        key = comparison_key(value)
        spellings[key] = min(spellings.get(key, value), value)
    return list(spellings.values())


def _price_ranges(products: Iterable[Product]) -> list[VariantPrices]:
    prices: dict[str | None, list[Decimal]] = {}
    for product in products:
        if product.price is not None:
            prices.setdefault(product.currency, []).append(product.price)
    ordered = sorted(prices.items(), key=lambda item: item[0] or "")
    return [VariantPrices(currency, min(amounts), max(amounts)) for currency, amounts in ordered]

"""What the variants of one product have together: sizes, colours, prices and stock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.products.languages.labels import COLOR, Label, best_labels
from app.products.prices import regular_price
from app.products.product import Product
from app.products.sizes import size_order
from app.products.text_keys import collapse_spaces, comparison_key

_BEST_FIRST = ("in_stock", "preorder", "backorder", None, "out_of_stock")


@dataclass(frozen=True)
class VariantPrices:
    """The range of variants' prices in one currency, which is None if the feed has none.

    `regular` is the lowest regular price of the variants at the lowest price, None unless all of these are on sale.
    """

    currency: str | None
    lowest: Decimal
    highest: Decimal
    regular: Decimal | None = None


@dataclass(frozen=True)
class Variants:
    """Summary of the variants of one product. A product without variants is the only one of its own."""

    group_id: str | None
    count: int
    sizes: list[str]  # in the order of sizes
    colors: list[str]  # in the order of names
    prices: list[VariantPrices]  # in the order of currencies
    availability: str | None  # the best one; an unknown one is better than out_of_stock
    labels: tuple[Label, ...] = ()  # of colours, in all languages, sorted

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
            labels=tuple(sorted({label for product in products for label in product.labels() if label.name == COLOR})),
        )

    def color_labels(self, language: str | None) -> list[str]:
        """Return the labels of the colours in the best languages for a wanted one."""
        return best_labels(self.labels, language).colors(self.colors) if language and self.labels else self.colors


def _distinct(values: Iterable[str]) -> list[str]:
    spellings: dict[str, str] = {}
    for value in map(collapse_spaces, values):
        key = comparison_key(value)
        spellings[key] = min(spellings.get(key, value), value)
    return list(spellings.values())


def _price_ranges(products: Iterable[Product]) -> list[VariantPrices]:
    by_currency: dict[str | None, list[tuple[Decimal, Decimal | None]]] = {}
    for product in products:
        if product.price is not None:
            by_currency.setdefault(product.currency, []).append((product.price, regular_price(product)))
    ordered = sorted(by_currency.items(), key=lambda item: item[0] or "")
    return [_price_range(currency, prices) for currency, prices in ordered]


def _price_range(currency: str | None, prices: Sequence[tuple[Decimal, Decimal | None]]) -> VariantPrices:
    amounts = [price for price, _ in prices]
    lowest = min(amounts)
    regular = [before for price, before in prices if price == lowest]
    on_sale = [before for before in regular if before is not None]
    return VariantPrices(currency, lowest, max(amounts), min(on_sale) if len(on_sale) == len(regular) else None)

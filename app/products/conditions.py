"""Conditions of rules: requirements on a product that shoppers do not see, such as its margin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from app.products.prices import regular_price
from app.products.product import Product
from app.products.rule_numbers import rule_number
from app.products.text_keys import category_key, comparison_key

PRICE = "price"


@dataclass(frozen=True)
class Range:
    """Numbers from `at_least` to `at_most`, both included. None is no bound."""

    at_least: Decimal | None = None
    at_most: Decimal | None = None

    def has(self, number: Decimal | float | None) -> bool:
        """Return whether a number is in the range. None is not."""
        if number is None:
            return False
        return not (
            (self.at_least is not None and number < type(number)(self.at_least))
            or (self.at_most is not None and number > type(number)(self.at_most))
        )


@dataclass(frozen=True)
class Condition:
    """Requirements on a product, all of which must hold. Of several values, any is enough. Case never matters.

    A category includes all below it. `traits` and `labels` have the values by name, and `ranges` those of PRICE
    and of RULE_NUMBERS. None and empty tuples require nothing. `in_stock` and `on_sale` are required to be as given.
    """

    product_ids: tuple[str, ...] = ()
    group_ids: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    traits: tuple[tuple[str, tuple[str, ...]], ...] = ()
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    ranges: tuple[tuple[str, Range], ...] = ()
    currency: str | None = None
    in_stock: bool | None = None
    on_sale: bool | None = None

    def is_met_by(self, product: Product) -> bool:
        """Return whether a product meets all requirements, as conditions in SQL do."""
        return all(self._checks(product))

    def _checks(self, product: Product) -> Iterator[bool]:
        """Yield whether each requirement is met, those that are quick to check first."""
        yield not self.product_ids or product.product_id in self.product_ids
        yield not self.group_ids or product.group_id in self.group_ids
        yield not self.categories or any(_is_below(product.category, category) for category in self.categories)
        yield self.currency is None or product.currency == self.currency.upper()
        yield self.in_stock is None or (product.availability != "out_of_stock") == self.in_stock
        yield self.on_sale is None or (regular_price(product) is not None) == self.on_sale
        for name, labels in self.labels:
            yield getattr(product, name) in map(comparison_key, labels)
        for name, wanted in self.ranges:
            yield wanted.has(product.price if name == PRICE else rule_number(product, name))
        for name, values in self.traits:
            own = set(map(comparison_key, product.trait_values(name)))
            yield any(comparison_key(value) in own for value in values)


def _is_below(own: str | None, category: str) -> bool:
    """Return whether a category is another one or below it."""
    key, wanted = category_key(own), category_key(category)
    return key is not None and (key == wanted or key.startswith(f"{wanted} > "))

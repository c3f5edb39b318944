"""Facets: counts of products, or of their groups, by category, by colour and other traits, and by currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from sqlalchemy import Connection, select

from app.catalogue.facet_table import FacetTable
from app.core.arrays import Mask
from app.database.filter_conditions import where_clauses
from app.database.tables import products
from app.database.word_index.lookup import resolve_words
from app.products.filters import Filters
from app.products.prices import decimal_of
from app.products.sizes import size_order
from app.words.word_query import WordMatch

MOST_VALUES = 100  # of an attribute; attributes with more are rather numbers or names than choices


@dataclass(frozen=True)
class PriceRange:
    """The range of prices in one currency, and how many groups have one.

    The currency is None for products whose feed has none.
    """

    currency: str | None
    lowest: Decimal
    highest: Decimal
    count: int


@dataclass(frozen=True)
class Facets:
    """The counts of groups by the values to filter by.

    Spellings that differ in case are one value, the one that sorts first.
    """

    size: int  # groups that pass all filters
    categories: dict[str, int]  # in and below each category, in the order of paths
    colors: dict[str, int]  # in the order of names; "Black/Red" counts for both
    brands: dict[str, int]
    genders: dict[str, int]
    sizes: dict[str, int]  # in the order of sizes
    attributes: dict[str, dict[str, int]]  # by name; for each the MOST_VALUES most frequent values
    in_stock: int  # groups that are not out of stock
    prices: list[PriceRange]  # in the order of currencies
    words: WordMatch | None = None  # what became of the words of the filters


def count_facets(connection: Connection, table: FacetTable, filters: Filters) -> Facets:
    """Count the facets of groups of which one product passes all filters. The table is of the connection's moment.

    Each facet ignores its own filter, so that it counts the alternatives.
    """
    filters, match = resolve_words(connection, filters)
    selector = _Selector(connection, table)
    passing = selector.select(filters)
    counts = table.traits.count(passing)
    for name in filters.trait_values():
        counts.pop(name, None)
        alternatives = table.traits.count(selector.select(_without(filters, name)))
        counts |= {name: alternatives[name]} if name in alternatives else {}
    sizes = counts.pop("size", {})
    return Facets(
        size=int(table.groups.count(passing).sum()),
        categories=count_categories(table, selector.select(replace(filters, category=None))),
        colors=counts.pop("color", {}),
        brands=counts.pop("brand", {}),
        genders=counts.pop("gender", {}),
        sizes={size: sizes[size] for size in sorted(sizes, key=size_order)},
        attributes={name: _keep_most_frequent(values) for name, values in sorted(counts.items())},
        in_stock=int(table.groups.count(passing & table.in_stock).sum()),
        prices=_find_price_ranges(
            table, selector.select(replace(filters, min_price=None, max_price=None, currency=None))
        ),
        words=match,
    )


def count_categories(table: FacetTable, passing: Mask | None = None) -> dict[str, int]:
    """Count the groups of the passing products (N,), by default of all, in and below each category.

    Ancestors are included. The order is that of paths.
    """
    every = np.ones(len(table.revisions), bool)
    return table.categories.count(every if passing is None else passing).get("", {})


class _Selector:
    """Selector of the products of a table that pass filters. It asks the database once for the same filters."""

    def __init__(self, connection: Connection, table: FacetTable) -> None:
        self._connection, self._table = connection, table
        self._masks = {Filters(): np.ones(len(table.revisions), bool)}

    def select(self, filters: Filters) -> Mask:
        """Return the mask (N,) of the products that pass."""
        if filters not in self._masks:
            query = select(products.c.revision).where(*where_clauses(filters))
            self._masks[filters] = self._table.mask_of(self._connection.execute(query).scalars().all())
        return self._masks[filters]


def _without(filters: Filters, trait: str) -> Filters:
    """Return the filters without those of one trait."""
    fields = {"color": "colors", "brand": "brands", "gender": "genders", "size": "sizes"}
    others = tuple((name, value) for name, value in filters.attributes if name != trait)
    filters = replace(filters, attributes=others)
    return replace(filters, **{fields[trait]: ()}) if trait in fields else filters  # type: ignore[arg-type]


def _keep_most_frequent(counts: Mapping[str, int]) -> dict[str, int]:
    """Keep the MOST_VALUES most frequent values, in their order."""
    frequent = set(sorted(counts, key=lambda value: -counts[value])[:MOST_VALUES])
    return {value: count for value, count in counts.items() if value in frequent}


def _find_price_ranges(table: FacetTable, passing: Mask) -> list[PriceRange]:
    ranges = list[PriceRange]()
    for currency, has_price in table.currencies.items():
        prices = table.prices[has_price & passing]
        if prices.size:
            count = int(table.priced[currency].count(passing).sum())
            ranges.append(PriceRange(currency, decimal_of(int(prices.min())), decimal_of(int(prices.max())), count))
    return sorted(ranges, key=lambda range: range.currency or "")

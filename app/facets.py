"""Facets: how many products there are of each category, of each colour and in each currency."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import Connection, func, select

from app.conditions import passes
from app.products import Filters, category_counts, color_counts
from app.tables import products


@dataclass(frozen=True)
class PriceRange:
    """The prices in one currency, and how many products have one; the currency is None where a feed gave none."""

    currency: str | None
    lowest: Decimal
    highest: Decimal
    count: int


@dataclass(frozen=True)
class Facets:
    """What there is to choose from."""

    size: int  # products that pass all filters
    categories: dict[str, int]  # in and below each, ancestors included, in the order of paths
    colors: dict[str, int]  # of each, in the order of names; "Black/Red" is counted in both
    prices: list[PriceRange]  # in the order of currencies


def count_facets(connection: Connection, filters: Filters) -> Facets:
    """The facets of products that pass. Each is counted without the filter of its own: what it could be instead."""
    size = connection.execute(select(func.count()).select_from(products).where(*passes(filters))).scalar_one()
    return Facets(
        size,
        count_categories(connection, replace(filters, category=None)),
        _count_colors(connection, replace(filters, colors=())),
        _price_ranges(connection, replace(filters, min_price=None, max_price=None, currency=None)),
    )


def count_categories(connection: Connection, filters: Filters) -> dict[str, int]:
    """How many passing products each category has in and below it, ancestors included, in the order of paths."""
    key = products.c.category_key
    query = select(func.min(products.c.category), func.count()).where(*passes(filters), key.is_not(None)).group_by(key)
    return category_counts([(row[0], row[1]) for row in connection.execute(query)])


def _count_colors(connection: Connection, filters: Filters) -> dict[str, int]:
    color = products.c.color
    query = select(color, func.count()).where(*passes(filters), color.is_not(None)).group_by(color)
    return color_counts([(row[0], row[1]) for row in connection.execute(query)])


def _price_ranges(connection: Connection, filters: Filters) -> list[PriceRange]:
    price, currency = products.c.price, products.c.currency
    query = select(currency, func.min(price), func.max(price), func.count())
    query = query.where(*passes(filters), price.is_not(None)).group_by(currency)
    return sorted((PriceRange(*row) for row in connection.execute(query)), key=lambda range: range.currency or "")

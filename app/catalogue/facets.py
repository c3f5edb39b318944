"""Facets: how many products there are of each category, of each colour and other trait, and in each currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import Connection, func, select

from app.database.filter_conditions import where_clauses
from app.database.tables import products, trait_values, traits
from app.products.filters import Filters
from app.products.text_keys import category_counts

MOST_VALUES = 100  # of an attribute: more are no choice, but numbers or names


@dataclass(frozen=True)
class PriceRange:
    """The prices in one currency, and how many products have one; the currency is None where a feed gave none."""

    currency: str | None
    lowest: Decimal
    highest: Decimal
    count: int


@dataclass(frozen=True)
class Facets:
    """What there is to choose from. Spellings that differ in case are one, under that which sorts first."""

    size: int  # products that pass all filters
    categories: dict[str, int]  # in and below each, ancestors included, in the order of paths
    colors: dict[str, int]  # of each, in the order of names; "Black/Red" is counted in both
    brands: dict[str, int]
    genders: dict[str, int]
    sizes: dict[str, int]
    attributes: dict[str, dict[str, int]]  # by name; of each at most MOST_VALUES values, the most frequent ones
    in_stock: int  # products that are not out of stock
    prices: list[PriceRange]  # in the order of currencies


def count_facets(connection: Connection, filters: Filters) -> Facets:
    """The facets of products that pass. Each is counted without the filter of its own: what it could be instead."""
    found = _count_traits(connection, filters)
    return Facets(
        _count(connection, filters),
        count_categories(connection, replace(filters, category=None)),
        found.pop("color", {}),
        found.pop("brand", {}),
        found.pop("gender", {}),
        found.pop("size", {}),
        {name: _most_frequent(values) for name, values in sorted(found.items())},
        _count(connection, replace(filters, in_stock=True)),
        _price_ranges(connection, replace(filters, min_price=None, max_price=None, currency=None)),
    )


def count_categories(connection: Connection, filters: Filters) -> dict[str, int]:
    """How many passing products each category has in and below it, ancestors included, in the order of paths."""
    key = products.c.category_key
    query = (
        select(func.min(products.c.category), func.count())
        .where(*where_clauses(filters), key.is_not(None))
        .group_by(key)
    )
    return category_counts([(row[0], row[1]) for row in connection.execute(query)])


def _count(connection: Connection, filters: Filters) -> int:
    query = select(func.count()).select_from(products).where(*where_clauses(filters))
    return int(connection.execute(query).scalar_one())


def _count_traits(connection: Connection, filters: Filters) -> dict[str, dict[str, int]]:
    """How many passing products have each value of each trait: by the trait's name, then in the order of values."""
    counts = _values(connection, filters)
    for name in filters.trait_values():
        counts.pop(name, None)
        counts |= _values(connection, without(filters, name), name)
    return counts


def without(filters: Filters, trait: str) -> Filters:
    """The same filters but those of one trait."""
    fields = {"color": "colors", "brand": "brands", "gender": "genders", "size": "sizes"}
    kept = tuple((name, value) for name, value in filters.attributes if name != trait)
    filters = replace(filters, attributes=kept)
    return replace(filters, **{fields[trait]: ()}) if trait in fields else filters  # type: ignore[arg-type]


def _values(connection: Connection, filters: Filters, trait: str | None = None) -> dict[str, dict[str, int]]:
    query = select(traits.c.value_id, func.count().label("count"))
    if not filters.is_empty:  # only live products have traits
        query = query.where(traits.c.revision.in_(select(products.c.revision).where(*where_clauses(filters))))
    per_id = query.group_by(traits.c.value_id).subquery()
    columns = trait_values.c.name, trait_values.c.key, func.min(trait_values.c.value), func.sum(per_id.c.count)
    named = select(*columns).join(per_id, per_id.c.value_id == trait_values.c.id)
    if trait is not None:
        named = named.where(trait_values.c.name == trait)
    rows = connection.execute(named.group_by(trait_values.c.name, trait_values.c.key)).all()
    counts: dict[str, dict[str, int]] = {}
    for name, _, value, count in sorted(rows, key=lambda row: (row[2].casefold(), row[2])):
        counts.setdefault(name, {})[value] = int(count)
    return counts


def _most_frequent(counts: Mapping[str, int]) -> dict[str, int]:
    """At most MOST_VALUES of them, in the order in which they were."""
    kept = set(sorted(counts, key=lambda value: -counts[value])[:MOST_VALUES])
    return {value: count for value, count in counts.items() if value in kept}


def _price_ranges(connection: Connection, filters: Filters) -> list[PriceRange]:
    price, currency = products.c.price, products.c.currency
    query = select(currency, func.min(price), func.max(price), func.count())
    query = query.where(*where_clauses(filters), price.is_not(None)).group_by(currency)
    return sorted((PriceRange(*row) for row in connection.execute(query)), key=lambda range: range.currency or "")

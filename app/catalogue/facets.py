"""Facets: counts of products, or of their groups, by category, by colour and other traits, and by currency."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, func, select

from app.catalogue.group_counts import (
    effective_grouping,
    group_columns,
    group_count,
    group_number,
    products_with_groups,
)
from app.database.filter_conditions import where_clauses
from app.database.tables import products, trait_values, traits
from app.database.word_index.lookup import resolve_words
from app.products.filters import Filters
from app.products.grouping import Grouping
from app.products.sizes import size_order
from app.products.text_keys import category_counts
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


def count_facets(connection: Connection, filters: Filters, grouping: Grouping) -> Facets:
    """Count the facets of groups of which one product passes all filters.

    Each facet ignores its own filter, so that it counts the alternatives.
    """
    filters, match = resolve_words(connection, filters)
    grouping = effective_grouping(connection, grouping)
    counts = _count_traits(connection, filters, grouping)
    sizes = counts.pop("size", {})
    return Facets(
        size=_count(connection, filters, grouping),
        categories=count_categories(connection, replace(filters, category=None), grouping),
        colors=counts.pop("color", {}),
        brands=counts.pop("brand", {}),
        genders=counts.pop("gender", {}),
        sizes={size: sizes[size] for size in sorted(sizes, key=size_order)},
        attributes={name: _keep_most_frequent(values) for name, values in sorted(counts.items())},
        in_stock=_count(connection, replace(filters, in_stock=True), grouping),
        prices=_find_price_ranges(
            connection, replace(filters, min_price=None, max_price=None, currency=None), grouping
        ),
        words=match,
    )


def count_categories(connection: Connection, filters: Filters, grouping: Grouping) -> dict[str, int]:
    """Count the passing groups in and below each category, ancestors included, in the order of paths."""
    grouping = effective_grouping(connection, grouping)
    key, group = products.c.category_key, group_columns(grouping)
    query = select(func.min(products.c.category), func.count(), *group).select_from(products_with_groups(grouping))
    query = query.where(*where_clauses(filters), key.is_not(None)).group_by(key, *group)
    alone: list[tuple[Collection[str], int]] = []
    paths_by_group: dict[tuple[str | None, ...], list[str]] = {}
    for path, count, *columns in connection.execute(query):
        if any(column is not None for column in columns):
            paths_by_group.setdefault(tuple(columns), []).append(path)
        else:
            alone.append(([path], count))
    return category_counts([*alone, *((paths, 1) for paths in paths_by_group.values())])


def _count(connection: Connection, filters: Filters, grouping: Grouping) -> int:
    query = select(group_count(grouping)).select_from(products_with_groups(grouping)).where(*where_clauses(filters))
    return int(connection.execute(query).scalar_one())


def _count_traits(connection: Connection, filters: Filters, grouping: Grouping) -> dict[str, dict[str, int]]:
    """Count the passing groups by trait and value, in the order of values."""
    count_values = _count_values if grouping is Grouping.SINGLE else partial(_count_values_of_groups, grouping)
    counts = count_values(connection, filters)
    for name in filters.trait_values():
        counts.pop(name, None)
        counts |= count_values(connection, _without(filters, name), name)
    return counts


def _without(filters: Filters, trait: str) -> Filters:
    """Return the filters without those of one trait."""
    fields = {"color": "colors", "brand": "brands", "gender": "genders", "size": "sizes"}
    others = tuple((name, value) for name, value in filters.attributes if name != trait)
    filters = replace(filters, attributes=others)
    return replace(filters, **{fields[trait]: ()}) if trait in fields else filters  # type: ignore[arg-type]


def _count_values(connection: Connection, filters: Filters, trait: str | None = None) -> dict[str, dict[str, int]]:
    query = select(traits.c.value_id, func.count().label("count"))
    if not filters.is_empty:  # only live products have traits
        query = query.where(traits.c.revision.in_(select(products.c.revision).where(*where_clauses(filters))))
    per_id = query.group_by(traits.c.value_id).subquery()
    columns = trait_values.c.name, trait_values.c.key, func.min(trait_values.c.value), func.sum(per_id.c.count)
    named = select(*columns).join(per_id, per_id.c.value_id == trait_values.c.id)
    if trait is not None:
        named = named.where(trait_values.c.name == trait)
    return _read_counts(connection, named)


def _count_values_of_groups(
    grouping: Grouping, connection: Connection, filters: Filters, trait: str | None = None
) -> dict[str, dict[str, int]]:
    numbered = select(products.c.revision, group_number(grouping).label("number"))
    passing = numbered.select_from(products_with_groups(grouping)).where(*where_clauses(filters)).cte("passing")
    having = select(traits.c.value_id, passing.c.number).join(passing, traits.c.revision == passing.c.revision)
    pairs = having.distinct().cte("pairs")  # far fewer than traits, so that fewer texts are compared below
    columns = trait_values.c.name, trait_values.c.key, func.min(trait_values.c.value)
    named = select(*columns, func.count(pairs.c.number.distinct()))
    named = named.join_from(pairs, trait_values, trait_values.c.id == pairs.c.value_id)
    return _read_counts(connection, named if trait is None else named.where(trait_values.c.name == trait))


def _read_counts(connection: Connection, named: Select[Any]) -> dict[str, dict[str, int]]:
    """Read counts by name and value, in the order of values, from a query for name, key, value and count."""
    rows = connection.execute(named.group_by(trait_values.c.name, trait_values.c.key)).all()
    counts: dict[str, dict[str, int]] = {}
    for name, _, value, count in sorted(rows, key=lambda row: (row[2].casefold(), row[2])):
        counts.setdefault(name, {})[value] = int(count)
    return counts


def _keep_most_frequent(counts: Mapping[str, int]) -> dict[str, int]:
    """Keep the MOST_VALUES most frequent values, in their order."""
    frequent = set(sorted(counts, key=lambda value: -counts[value])[:MOST_VALUES])
    return {value: count for value, count in counts.items() if value in frequent}


def _find_price_ranges(connection: Connection, filters: Filters, grouping: Grouping) -> list[PriceRange]:
    price, currency = products.c.price, products.c.currency
    query = select(currency, func.min(price), func.max(price), group_count(grouping))
    query = (
        query.select_from(products_with_groups(grouping))
        .where(*where_clauses(filters), price.is_not(None))
        .group_by(currency)
    )
    return sorted((PriceRange(*row) for row in connection.execute(query)), key=lambda range: range.currency or "")

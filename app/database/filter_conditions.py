"""Filters as conditions in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, func, or_, select

from app.database.sql_lists import Scalar, is_any_of, table_of
from app.database.tables import products, trait_values, traits
from app.products.filters import Filters
from app.products.text_keys import category_key, comparison_key

LIVE = ~products.c.deleted
LIVE_BY_KEY = func.coalesce(products.c.deleted, False).is_(False)
"""The same beside a key or an order, whose index is the one to use: of LIVE, SQLite's planner thinks that it leaves few
rows, and goes through the index of all that filters read, every product, to find one."""


def where_clauses(filters: Filters) -> list[ColumnElement[bool]]:
    """Conditions that a live product must all meet."""
    conditions: list[ColumnElement[bool]] = [LIVE]
    if filters.category is not None:
        conditions.append(_below(filters.category))
    conditions += [_has_any(name, choices) for name, choices in filters.trait_values().items()]
    if filters.currency is not None:
        conditions.append(products.c.currency == filters.currency.upper())
    if filters.min_price is not None:
        conditions.append(products.c.price >= filters.min_price)
    if filters.max_price is not None:
        conditions.append(products.c.price <= filters.max_price)
    if filters.in_stock:
        known = products.c.availability
        conditions.append(or_(known.is_(None), known != "out_of_stock"))
    return conditions


def _below(category: str) -> ColumnElement[bool]:
    """Whether a product's category is this one or lies below it."""
    key = category_key(category)
    column = products.c.category_key
    return or_(column == key, column.startswith(f"{key} > ", autoescape=True))


def _has_any(name: str, choices: Iterable[Sequence[str]]) -> ColumnElement[bool]:
    """Whether a product has all values of any of these choices of a trait, such as "red", or "red" and "black"."""
    keys = {frozenset(map(comparison_key, choice)) for choice in choices}
    single = [key for choice in keys if len(choice) == 1 for key in choice]
    several = [choice for choice in keys if len(choice) > 1]
    return or_(*[_has(name, single)] * bool(single), *[_has_all(name, several)] * bool(several))


def _has(name: str, keys: Collection[str]) -> ColumnElement[bool]:
    """Whether a product has a trait by any of these keys."""
    named = select(trait_values.c.id).where(trait_values.c.name == name, is_any_of(trait_values.c.key, keys))
    return products.c.revision.in_(select(traits.c.revision).where(traits.c.value_id.in_(named)))


def _has_all(name: str, choices: Iterable[Collection[str]]) -> ColumnElement[bool]:
    """Whether a product has a trait by all keys of any choice."""
    rows: list[list[Scalar]] = [[number, len(keys), key] for number, keys in enumerate(choices) for key in keys]
    wanted = table_of(rows).c.value
    number, size, key = wanted[0].as_integer(), wanted[1].as_integer(), wanted[2].as_string()
    hits = select(traits.c.revision).join(trait_values, trait_values.c.id == traits.c.value_id)
    hits = hits.where(trait_values.c.name == name, trait_values.c.key == key)
    # a product has at most one value by each key, so the hits of a choice are the keys that the product has of it
    return products.c.revision.in_(hits.group_by(traits.c.revision, number, size).having(func.count() == size))

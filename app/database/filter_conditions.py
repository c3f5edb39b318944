"""Filters of products as SQL conditions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, func, or_, select

from app.database.sql_lists import Scalar, is_any_of, table_of
from app.database.tables import products, trait_values, traits
from app.database.word_index.conditions import has_word
from app.products.filters import Filters
from app.products.text_keys import category_key, comparison_key

LIVE = ~products.c.deleted
LIVE_BY_KEY = func.coalesce(products.c.deleted, False).is_(False)
"""LIVE for queries that should use the index of a key or an order.

SQLite's planner expects few rows from LIVE, and would scan the index of filters, with every product, instead.
"""


def where_clauses(filters: Filters) -> list[ColumnElement[bool]]:
    """Return the conditions of live products that pass; all of them must hold.

    Raises ValueError for filters with words that have not been looked up in the catalogue.
    """
    if filters.words is not None:
        raise ValueError(f"the words {filters.words.text!r} are as typed: expected the choices of resolve_words()")
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
    conditions += map(has_word, filters.word_choices)
    return conditions


def _below(category: str) -> ColumnElement[bool]:
    """Return the condition that a product's category is this one or below it."""
    key = category_key(category)
    column = products.c.category_key
    return or_(column == key, column.startswith(f"{key} > ", autoescape=True))


def _has_any(name: str, choices: Iterable[Sequence[str]]) -> ColumnElement[bool]:
    """Return the condition that a product has all values of one choice, such as "red", or "red" and "black"."""
    keys = {frozenset(map(comparison_key, choice)) for choice in choices}
    single = [key for choice in keys if len(choice) == 1 for key in choice]
    several = [choice for choice in keys if len(choice) > 1]
    return or_(*[_has(name, single)] * bool(single), *[_has_all(name, several)] * bool(several))


def _has(name: str, keys: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that a product has a trait with one of these keys."""
    named = select(trait_values.c.id).where(trait_values.c.name == name, is_any_of(trait_values.c.key, keys))
    return products.c.revision.in_(select(traits.c.revision).where(traits.c.value_id.in_(named)))


def _has_all(name: str, choices: Iterable[Collection[str]]) -> ColumnElement[bool]:
    """Return the condition that a product has a trait with all keys of one choice."""
    rows: list[list[Scalar]] = [[number, len(keys), key] for number, keys in enumerate(choices) for key in keys]
    wanted = table_of(rows).c.value
    number, size, key = wanted[0].as_integer(), wanted[1].as_integer(), wanted[2].as_string()
    hits = select(traits.c.revision).join(trait_values, trait_values.c.id == traits.c.value_id)
    hits = hits.where(trait_values.c.name == name, trait_values.c.key == key)
    # a product has at most one value per key, so a choice has as many hits as the product has of its keys
    return products.c.revision.in_(hits.group_by(traits.c.revision, number, size).having(func.count() == size))

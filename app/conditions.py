"""Filters as conditions in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, and_, func, or_, select

from app.criteria import Filters
from app.names import category_key, key_of
from app.tables import products, trait_values, traits

LIVE = ~products.c.deleted
LIVE_BY_KEY = func.coalesce(products.c.deleted, False).is_(False)
"""The same beside a key or an order, whose index is the one to use: of LIVE, SQLite's planner thinks that it leaves few
rows, and goes through the index of all that filters read, every product, to find one."""


def passes(filters: Filters) -> list[ColumnElement[bool]]:
    """Conditions that a live product must all meet."""
    conditions: list[ColumnElement[bool]] = [LIVE]
    if filters.category is not None:
        conditions.append(_below(filters.category))
    conditions += [_has_any(name, choices) for name, choices in filters.wanted().items()]
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


def _has_any(name: str, choices: Collection[Sequence[str]]) -> ColumnElement[bool]:
    """Whether a product has all values of any of these choices of a trait, such as "red", or "red" and "black"."""
    single = [value for choice in choices if len(choice) == 1 for value in choice]
    several = [choice for choice in choices if len(choice) > 1]
    whole = [and_(*(_has(name, [value]) for value in choice)) for choice in several]
    return or_(*([_has(name, single)] if single else []), *whole)


def _has(name: str, values: Iterable[str]) -> ColumnElement[bool]:
    """Whether a product has any of these values of a trait."""
    named = select(trait_values.c.id)
    named = named.where(trait_values.c.name == name, trait_values.c.key.in_([key_of(value) for value in values]))
    return products.c.revision.in_(select(traits.c.revision).where(traits.c.value_id.in_(named)))

"""Filters as conditions in SQL."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, func, or_, select

from app.criteria import Filters
from app.names import category_key, color_names, key_of
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
    if filters.colors:
        conditions.append(or_(*map(_colored, filters.colors)))
    conditions += [_has(name, values) for name, values in filters.wanted().items()]
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


def _colored(color: str) -> ColumnElement[bool]:
    """Whether a product has each of the single colours that this names."""
    return and_(*(_has("color", [name]) for name in color_names(color)))


def _has(name: str, values: Iterable[str]) -> ColumnElement[bool]:
    """Whether a product has any of these values of a trait."""
    named = select(trait_values.c.id)
    named = named.where(trait_values.c.name == name, trait_values.c.key.in_([key_of(value) for value in values]))
    return products.c.revision.in_(select(traits.c.revision).where(traits.c.value_id.in_(named)))

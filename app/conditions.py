"""Filters as conditions in SQL."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_, select

from app.products import Filters, category_key, color_keys
from app.tables import colors, products

LIVE = ~products.c.deleted


def passes(filters: Filters) -> list[ColumnElement[bool]]:
    """Conditions that a live product must all meet."""
    conditions: list[ColumnElement[bool]] = [LIVE]
    if filters.category is not None:
        conditions.append(_below(filters.category))
    if filters.colors:
        conditions.append(or_(*map(_colored, filters.colors)))
    if filters.currency is not None:
        conditions.append(products.c.currency == filters.currency.upper())
    if filters.min_price is not None:
        conditions.append(products.c.price >= filters.min_price)
    if filters.max_price is not None:
        conditions.append(products.c.price <= filters.max_price)
    return conditions


def _below(category: str) -> ColumnElement[bool]:
    """Whether a product's category is this one or lies below it."""
    key = category_key(category)
    column = products.c.category_key
    return or_(column == key, column.startswith(f"{key} > ", autoescape=True))


def _colored(color: str) -> ColumnElement[bool]:
    """Whether a product has each of the single colours that this names."""
    spellings = (select(colors.c.color).where(colors.c.key == key) for key in sorted(color_keys(color)))
    return and_(*(products.c.color.in_(spelling) for spelling in spellings))

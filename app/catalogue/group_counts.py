"""Counts of groups of products in SQL."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, FromClause, and_, case, func, select

from app.database.filter_conditions import LIVE_BY_KEY
from app.database.tables import IS_FIRST_PHOTO, IS_GROUPED, photos, products
from app.products.grouping import Grouping

_PHOTO = case((~IS_GROUPED, func.nullif(photos.c.source, "")))
"""The content of the first photo, NULL if there is none or if the product has a group_id."""


def effective_grouping(connection: Connection, grouping: Grouping) -> Grouping:
    """Return the grouping, or SINGLE if no product has a group_id: products are quicker to count."""
    if grouping is Grouping.BY_ID:
        grouped = select(products.c.revision).where(LIVE_BY_KEY, IS_GROUPED).limit(1)
        return grouping if connection.execute(grouped).first() else Grouping.SINGLE
    return grouping


def products_with_groups(grouping: Grouping) -> FromClause:
    """Return the products, joined with all that group_columns() needs."""
    return products.outerjoin(photos, IS_FIRST_PHOTO) if grouping is Grouping.BY_ID_OR_PHOTO else products


def group_columns(grouping: Grouping) -> list[ColumnElement[str | None]]:
    """Return columns that are the same for all products of a group. All are NULL for a product without a group."""
    if grouping is Grouping.SINGLE:
        return []
    return [products.c.group_id, _PHOTO] if grouping is Grouping.BY_ID_OR_PHOTO else [products.c.group_id]


def group_number(grouping: Grouping) -> ColumnElement[int]:
    """Return a number that is the same for all products of a group, among rows of products_with_groups()."""
    columns = group_columns(grouping)
    is_alone = and_(*(column.is_(None) for column in columns))
    return case((is_alone, -products.c.revision), else_=func.dense_rank().over(order_by=columns))


def group_count(grouping: Grouping) -> ColumnElement[int]:
    """Return the number of groups among rows of products_with_groups(). A product without a group is one."""
    total: ColumnElement[int] = func.count()
    for column in group_columns(grouping):  # at most one of them is not NULL
        total = total - func.count(column) + func.count(column.distinct())
    return total

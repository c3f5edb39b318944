"""A catalogue's tables just as the database has them, with none of our types between: to copy and to check them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, column, delete, insert, select, table, type_coerce
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.database.tables import metadata

_ROWS = 1000  # copied at a time


def raw_columns(of: Table) -> list[ColumnElement[Any]]:
    """A table's columns, to be selected as they are stored."""
    return [type_coerce(each, _stored(each.type)).label(each.name) for each in of.columns]


def copy_tables(source: Connection, target: Connection) -> None:
    """Replace all rows of one catalogue by those of another, on any engine."""
    for each in metadata.sorted_tables:
        plain = table(each.name, *(column(one.name, _stored(one.type)) for one in each.columns))
        target.execute(delete(plain))
        rows = source.execute(select(*raw_columns(each)), execution_options={"yield_per": _ROWS})
        for part in rows.partitions():
            target.execute(insert(plain), [dict(row._mapping) for row in part])


def _stored(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return kind.impl_instance if isinstance(kind, TypeDecorator) else kind

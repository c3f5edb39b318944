"""Access to a catalogue's tables without type conversion, for copies and checks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, column, delete, insert, select, table, type_coerce
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.database.tables import metadata

_ROWS = 1000  # per batch


def raw_columns(of: Table) -> list[ColumnElement[Any]]:
    """Return a table's columns as they are stored."""
    return [type_coerce(source, _stored_type(source.type)).label(source.name) for source in of.columns]


def copy_tables(source: Connection, target: Connection) -> None:
    """Replace all rows of the target catalogue by those of the source. The engines may differ."""
    for typed in metadata.sorted_tables:
        plain = table(typed.name, *(column(c.name, _stored_type(c.type)) for c in typed.columns))
        target.execute(delete(plain))
        rows = source.execute(select(*raw_columns(typed)), execution_options={"yield_per": _ROWS})
        for batch in rows.partitions():
            target.execute(insert(plain), [dict(row._mapping) for row in batch])


def _stored_type(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return kind.impl_instance if isinstance(kind, TypeDecorator) else kind

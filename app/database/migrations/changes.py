"""Changes of tables and rows that several migrations make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Table, bindparam, inspect, text, update

from app.database.rows import row_of
from app.database.tables import products
from app.products.product import Product


def add_columns(connection: Connection, target: Table, names: Iterable[str]) -> None:
    """Add those of the named columns that a table lacks."""
    there = {column["name"] for column in inspect(connection).get_columns(target.name)}
    for name in names:
        if name not in there:
            kind = target.c[name].type.compile(connection.dialect)
            connection.execute(text(f"ALTER TABLE {target.name} ADD COLUMN {name} {kind}"))


def create_indexes(connection: Connection) -> None:
    """Create the indexes of products that are missing, and that of filters again, with all of its columns."""
    connection.execute(text("DROP INDEX IF EXISTS ix_products_filters"))
    for index in products.indexes:
        index.create(connection, checkfirst=True)


def update_rows(connection: Connection, changed: Sequence[Product], columns: Sequence[Column[Any]]) -> None:
    """Write some columns of products, without a new revision."""
    statement = update(products).where(products.c.revision == bindparam("number", type_=BigInteger))
    statement = statement.values({column.name: bindparam(f"new_{column.name}") for column in columns})
    values = [(product.revision, row_of(product)) for product in changed]
    connection.execute(
        statement,
        [{"number": n, **{f"new_{column.name}": row[column.name] for column in columns}} for n, row in values],
    )

"""Migrations of older catalogues to the tables of app/database/tables.py, in place, in the caller's transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Connection,
    Row,
    column,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    table,
    text,
    update,
)

from app.database.filter_conditions import LIVE
from app.database.mutations import insert_products, insert_traits
from app.database.rows import PRODUCT_COLUMNS, chunks, product_of
from app.database.sql_lists import is_any_of
from app.database.tables import FORMAT, Money, catalogue, metadata, photos, products, traits
from app.products.product import Product

_LONGEST = 2000  # characters of a text; format 1 had no limit
_SAME_COLUMNS = ("product_id", "title", "category", "currency", "link", "color", "gender", "revision")
_old = table(
    "products_of_format_1",
    *map(column, (*_SAME_COLUMNS, "photo", "source", "embedding")),
    column("price", Money),
    column("deleted", Boolean),
)


def migrate_from_1(connection: Connection) -> None:
    """Migrate from format 1: one photo per product, in the product's own row, and no traits but colours."""
    for name in ("ix_products_filters", "ix_products_category_key"):
        connection.execute(text(f"DROP INDEX IF EXISTS {name}"))
    connection.execute(text("DROP TABLE IF EXISTS colors"))
    connection.execute(text(f"ALTER TABLE {products.name} RENAME TO {_old.name}"))
    metadata.create_all(connection)
    live = select(*(_old.c[name] for name in (*_SAME_COLUMNS, "price"))).where(~_old.c.deleted)
    for rows in chunks(connection.execute(live)):
        insert_products(connection, [_parse_product(row) for row in rows])
    tombstones = select(_old.c.product_id, _old.c.revision, literal(value=True), literal(""), literal("[]"))
    columns = ["product_id", "revision", "deleted", "title", "attributes"]
    connection.execute(insert(products).from_select(columns, tombstones.where(_old.c.deleted)))
    photo = func.nullif(_old.c.photo, "")
    pictures = select(_old.c.product_id, literal(0), photo, _old.c.source, literal(""), _old.c.embedding)
    connection.execute(insert(photos).from_select(list(photos.c), pictures.where(~_old.c.deleted)))
    connection.execute(text(f"DROP TABLE {_old.name}"))
    connection.execute(update(catalogue).values(format=FORMAT))


def migrate_from_2(connection: Connection) -> None:
    """Migrate from format 2: one size per product, so that 41 did not find "41/42"."""
    may_have_several = or_(*(products.c.size.contains(separator) for separator in "/,"))
    for rows in chunks(connection.execute(select(*PRODUCT_COLUMNS).where(LIVE, may_have_several))):
        revisions = [row.revision for row in rows]
        connection.execute(delete(traits).where(is_any_of(traits.c.revision, revisions)))
        insert_traits(connection, [product_of(row, []) for row in rows])
    connection.execute(update(catalogue).values(format=FORMAT))


def _parse_product(row: Row[Any]) -> Product:
    fields: dict[str, Any] = {name: _clean_value(value) for name, value in row._mapping.items()}
    return Product(**fields)


def _clean_value(value: Any) -> Any:
    return value.replace("\0", "")[:_LONGEST] if isinstance(value, str) else value

"""Migrations of older catalogues to the tables of app/database/tables.py, in place, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import (
    Boolean,
    Connection,
    Row,
    Text,
    column,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    table,
    text,
    type_coerce,
    update,
)

from app.database.analytics.tables import daily_counts, events
from app.database.filter_conditions import LIVE
from app.database.labels.tables import labels, product_labels
from app.database.merchandising.tables import stored_rules
from app.database.migrations.changes import add_columns, create_indexes, update_rows
from app.database.mutations import insert_products, insert_traits
from app.database.rows import DERIVED_COLUMNS, PRODUCT_COLUMNS, chunks, product_of
from app.database.sql_lists import is_any_of
from app.database.tables import (
    FORMAT,
    IS_FIRST_PHOTO,
    Money,
    admin_sessions,
    catalogue,
    metadata,
    operations,
    photos,
    products,
    trait_values,
    traits,
    words,
)
from app.database.word_index.writing import insert_words, remove_unused_words, replace_words
from app.products.prices import REGULAR_PRICE
from app.products.product import CUSTOM_LABELS, Photo, Product

_LONGEST = 2000  # characters of a text; format 1 had no limit
_PRODUCTS = 1000  # whose words are written at a time
_LONGEST_GROUP = 512  # characters of a group_id
_GROUP_FIELDS = {"item_group_id": "group_id", **{name: name for name in ("size_system", "size_type", "group_id")}}
_PRIVATE_FIELDS = {name: name for name in (*CUSTOM_LABELS, "cost_of_goods_sold")}
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
    columns = ["product_id", "position", "name", "source", "link", "embedding"]
    connection.execute(insert(photos).from_select(columns, pictures.where(~_old.c.deleted)))
    connection.execute(text(f"DROP TABLE {_old.name}"))
    migrate_from_4(connection)


def migrate_from_2(connection: Connection) -> None:
    """Migrate from format 2: one size per product, so that 41 did not find "41/42"."""
    migrate_from_3(connection)
    may_have_several = or_(*(products.c.size.contains(separator) for separator in "/,"))
    for rows in chunks(connection.execute(select(*PRODUCT_COLUMNS).where(LIVE, may_have_several))):
        revisions = [row.revision for row in rows]
        connection.execute(delete(traits).where(is_any_of(traits.c.revision, revisions)))
        insert_traits(connection, [product_of(row, []) for row in rows])


def migrate_from_3(connection: Connection) -> None:
    """Migrate from format 3: groups of variants, and systems and types of sizes, were attributes like any other."""
    add_columns(connection, products, products.c.keys())
    for moved in _move_attributes(connection, _GROUP_FIELDS):
        connection.execute(delete(traits).where(is_any_of(traits.c.revision, [product.revision for product in moved])))
        insert_traits(connection, moved)
    migrate_from_4(connection)


def migrate_from_4(connection: Connection) -> None:
    """Migrate from format 4: imports had no options, and no feed was scheduled."""
    metadata.create_all(connection)
    add_columns(connection, operations, ["options"])
    migrate_from_5(connection)


def migrate_from_5(connection: Connection) -> None:
    """Migrate from format 5: products were not found by words."""
    metadata.create_all(connection)
    add_columns(connection, products, products.c.keys())
    create_indexes(connection)
    lacking = select(*PRODUCT_COLUMNS).where(LIVE, products.c.text_revision.is_(None))
    lacking = lacking.order_by(products.c.revision).limit(_PRODUCTS)
    last = 0
    while rows := connection.execute(lacking.where(products.c.revision > last)).all():
        insert_words(connection, [product_of(row, []) for row in rows])
        last = rows[-1].revision
    lacks_words = LIVE & products.c.text_revision.is_(None)
    connection.execute(update(products).where(lacks_words).values(text_revision=products.c.revision))
    migrate_from_6(connection)


def migrate_from_6(connection: Connection) -> None:
    """Migrate from format 6: the colours of photos were not measured. They stay unknown until `sketchfind reembed`."""
    add_columns(connection, photos, ["colors"])
    migrate_from_7(connection)


def migrate_from_7(connection: Connection) -> None:
    """Migrate from format 7: custom labels and costs were attributes, which shoppers see.

    There were no events, no sessions of operators, and no words of measured colours.
    """
    for added in (admin_sessions, daily_counts, events):
        added.create(connection, checkfirst=True)
    _prepare_languages(connection)
    add_columns(connection, products, products.c.keys())
    create_indexes(connection)
    _make_private(connection)
    _add_color_words(connection)
    migrate_from_8(connection)


def migrate_from_8(connection: Connection) -> None:
    """Migrate from format 8: products had texts in one language, and rules were in a file only."""
    _prepare_languages(connection)
    stored_rules.create(connection, checkfirst=True)
    migrate_from_9(connection)


def migrate_from_9(connection: Connection) -> None:
    """Migrate from format 9: no gallery had photos embedded both ways round."""
    add_columns(connection, catalogue, ["mirrored"])
    connection.execute(update(catalogue).values(format=FORMAT))


def _prepare_languages(connection: Connection) -> None:
    """Add what writing words and labels needs since format 9."""
    add_columns(connection, products, ["translations"])
    add_columns(connection, words, ["languages"])
    for added in (labels, product_labels):
        added.create(connection, checkfirst=True)


def _make_private(connection: Connection) -> None:
    """Move custom labels and costs from the attributes to fields that shoppers do not see."""
    for moved in _move_attributes(connection, _PRIVATE_FIELDS):
        replace_words(connection, moved)
    remove_unused_words(connection)
    private = select(trait_values.c.id).where(trait_values.c.name.in_(_PRIVATE_FIELDS))
    connection.execute(delete(traits).where(traits.c.value_id.in_(private)))
    connection.execute(delete(trait_values).where(trait_values.c.name.in_(_PRIVATE_FIELDS)))
    stored = type_coerce(products.c.attributes, Text)
    on_sale = select(*PRODUCT_COLUMNS).where(LIVE, stored.contains(f'["{REGULAR_PRICE}", ', autoescape=True))
    for rows in chunks(connection.execute(on_sale)):
        update_rows(connection, [product_of(row, []) for row in rows], DERIVED_COLUMNS)


def _add_color_words(connection: Connection) -> None:
    """Let products without a colour be found by the names of their measured colours."""
    measured = select(*PRODUCT_COLUMNS, photos.c.colors).join(photos, IS_FIRST_PHOTO)
    measured = measured.where(LIVE, func.coalesce(products.c.color, "") == "", photos.c.colors.is_not(None))
    measured = measured.order_by(products.c.revision).limit(_PRODUCTS)
    last = 0
    while rows := connection.execute(measured.where(products.c.revision > last)).all():
        replace_words(connection, [_with_colors(dict(row._mapping)) for row in rows])
        last = rows[-1].revision


def _move_attributes(connection: Connection, fields: Mapping[str, str]) -> Iterator[list[Product]]:
    """Move attributes to fields, both given by name, and yield the products that had any, without their photos.

    Traits and words are left alone.
    """
    stored = type_coerce(products.c.attributes, Text)
    is_affected = or_(*(stored.contains(f'["{name}", ', autoescape=True) for name in fields))
    columns = [products.c[name] for name in {*fields.values(), "attributes"}] + DERIVED_COLUMNS
    for rows in chunks(connection.execute(select(*PRODUCT_COLUMNS).where(LIVE, is_affected))):
        moved = [_move_to_fields(row, fields) for row in rows]
        update_rows(connection, moved, columns)
        yield moved


def _with_colors(fields: dict[str, Any]) -> Product:
    """Return the product of a row's fields, with its first photo's colours, and without anything else of photos."""
    return Product(photos=(Photo("", "", colors=fields.pop("colors")),), **fields)


def _move_to_fields(row: Row[Any], fields: Mapping[str, str]) -> Product:
    """Return the product of a row, with fields in place of the attributes of these names."""
    values = {fields[name]: value[:_LONGEST_GROUP] for name, value in row.attributes if name in fields}
    others = tuple(pair for pair in row.attributes if pair[0] not in fields)
    return Product(**{**row._mapping, **values, "attributes": others})


def _parse_product(row: Row[Any]) -> Product:
    fields: dict[str, Any] = {name: _clean_value(value) for name, value in row._mapping.items()}
    return Product(**fields)


def _clean_value(value: Any) -> Any:
    return value.replace("\0", "")[:_LONGEST] if isinstance(value, str) else value


MIGRATIONS = {
    1: migrate_from_1, 2: migrate_from_2, 3: migrate_from_3, 4: migrate_from_4,
    5: migrate_from_5, 6: migrate_from_6, 7: migrate_from_7, 8: migrate_from_8,
    9: migrate_from_9,
}  # fmt: skip
"""The migration from each older format."""

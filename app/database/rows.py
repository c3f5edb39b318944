"""Conversion between products and the rows of app/database/tables.py, and checks of both."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.core.error_text import truncate
from app.database.errors import CatalogueError
from app.database.state import CatalogueState
from app.database.tables import NUMBER_COLUMNS, catalogue, products
from app.products.product import Photo, Product
from app.products.rule_numbers import rule_number
from app.products.text_keys import category_key

PRODUCT_COLUMNS = [products.c[field.name] for field in fields(Product) if field.name != "photos"]

DERIVED_COLUMNS = [products.c.category_key, *NUMBER_COLUMNS.values()]
"""Columns that row_of() derives from the product's fields."""

_STATE = select(catalogue)  # built once: it is executed several times per second

_CHUNK = 500  # values of one statement

_LONGEST_REASON = 300  # characters: a database may quote a whole text

_T = TypeVar("_T")


class DamagedCatalogueError(SQLAlchemyError):
    """A damaged database: it holds values that no write has stored, or cannot be read. A retry does not help."""

    def __init__(self, reason: str) -> None:
        self.reason = reason[:_LONGEST_REASON]
        todo = "`sketchfind verify` says what is wrong, `sketchfind restore` makes the gallery again from a backup"
        super().__init__(f"the catalogue is damaged ({self.reason}): {todo}")


def is_disk_full(error: DBAPIError) -> bool:
    """Return whether a database has no space left."""
    codes = getattr(error.orig, "sqlite_errorcode", None), getattr(error.orig, "sqlstate", None)
    return codes in ((sqlite3.SQLITE_FULL, None), (None, "53100"))


def state_in(connection: Connection) -> CatalogueState:
    """Read the state of the catalogue as the transaction sees it."""
    row = connection.execute(_STATE).one()
    return CatalogueState(row.identity, row.revision, row.checkpoint, row.dim, row.factory, bool(row.mirrored))


def check_fit(products: Sequence[Product], embeddings: NDArray[np.float32], width: int | None) -> None:
    """Check that embeddings (P,width) are finite and fit the photos of products with distinct ids.

    A product without photos has one embedding. Raises CatalogueError if not.
    """
    if width is None:
        raise CatalogueError("catalogue has no checkpoint yet: expected bind() before products are put")
    expected = (sum(max(1, len(product.photos)) for product in products), width)
    if embeddings.shape != expected:
        raise CatalogueError(f"embeddings have shape {embeddings.shape}: expected {expected}")
    if not np.isfinite(embeddings).all():
        raise CatalogueError("embeddings hold NaN or infinity: expected finite numbers")
    names = Counter(product.product_id for product in products)
    if len(names) < len(products):
        raise CatalogueError(f"product id {truncate(names.most_common(1)[0][0])} comes twice: expected distinct ids")


def row_of(product: Product) -> dict[str, object]:
    """Return the row of a product, without its photos."""
    row = {column.name: getattr(product, column.name) for column in PRODUCT_COLUMNS}
    numbers = {column.name: rule_number(product, name) for name, column in NUMBER_COLUMNS.items()}
    return row | numbers | {"deleted": False, "category_key": category_key(product.category)}


def product_of(row: Row[Any], photos: Sequence[Photo]) -> Product:
    """Return the product of a row of PRODUCT_COLUMNS."""
    return Product(**row._mapping, photos=tuple(photos))


def embedding_of(value: bytes) -> NDArray[np.float32]:
    """Return the embedding (D,) float32 of a column's value."""
    return np.frombuffer(value, "<f4")


def chunks(values: Iterable[_T]) -> Iterator[list[_T]]:
    """Yield the values without repeats, in lists that are short enough for one statement."""
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), _CHUNK):
        yield distinct[start : start + _CHUNK]

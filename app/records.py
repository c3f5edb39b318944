"""Between products and the rows of app/tables.py: conversions, conditions, and the counter that every write takes."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Connection,
    Engine,
    Row,
    Text,
    bindparam,
    delete,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateIndex, CreateTable

from app.conditions import LIVE
from app.products import Product, category_key, color_keys
from app.tables import FORMAT, catalogue, colors, metadata, products

PRODUCT_COLUMNS = [products.c[field.name] for field in fields(Product)]

_CHUNK = 500  # values in one IN (...): below every engine's limit
_BUSY_MS = 30_000  # how long a writer waits for another one

_T = TypeVar("_T")


class CatalogueError(ValueError):
    """The catalogue cannot be used as it is, or not for this."""


class CheckpointMismatch(CatalogueError):
    """Embeddings of two checkpoints cannot be compared."""

    def __init__(self, recorded: str, given: str) -> None:
        super().__init__(
            f"the gallery was built with checkpoint {recorded}, but the checkpoint given is {given}: "
            "use the one that it was built with, or build a new gallery with the other"
        )
        self.recorded, self.given = recorded, given


@dataclass(frozen=True)
class CatalogueState:
    """The catalogue as a whole, at one moment."""

    identity: str  # random, made with the catalogue
    revision: int  # of the last change; 0 before the first
    checkpoint: str | None  # SHA-256; None until bound
    dim: int | None  # D of its embeddings
    factory: str  # faiss.index_factory string


@dataclass(frozen=True)
class Change:
    """A product's newest state for those who follow; embedding (D,) float32 is None once it is deleted."""

    product_id: str
    revision: int
    embedding: NDArray[np.float32] | None


def prepare_sqlite(engine: Engine) -> None:
    """Readers beside one writer, commits that survive a power cut, and transactions that also cover reads."""

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # else the driver begins transactions late, at the first write
        for pragma in ("journal_mode = WAL", "synchronous = FULL", f"busy_timeout = {_BUSY_MS}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")


def create_tables(engine: Engine) -> None:
    """Make what is missing of the tables and their one record; raises CatalogueError for another format."""
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            for index in table.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))
    first = insert(catalogue).values(key=1, format=FORMAT, identity=uuid.uuid4().hex, revision=0, factory="Flat")
    with engine.connect() as connection:
        found = connection.execute(select(catalogue.c.format)).scalar()
    if found is None:
        try:
            with engine.begin() as connection:
                connection.execute(first)
        except IntegrityError:
            pass  # another process was quicker
    elif found != FORMAT:
        raise CatalogueError(f"catalogue has format {found}: expected {FORMAT}, the one of this version")


def advance(connection: Connection, count: int) -> int:
    """Claim the next `count` revisions and return the last. Other writers wait from here until the commit."""
    connection.execute(update(catalogue).values(revision=catalogue.c.revision + count))
    return int(connection.execute(select(catalogue.c.revision)).scalar_one())


def remove_rows(connection: Connection, product_ids: Sequence[str]) -> None:
    """Delete rows, tombstones too, so that new ones can take their place."""
    for chunk in chunks(product_ids):
        connection.execute(delete(products).where(products.c.product_id.in_(chunk)))


def bury_rows(connection: Connection, product_ids: Sequence[str]) -> int:
    """Make tombstones of those rows that are live, each with a revision of its own; returns how many."""
    advance(connection, 0)  # other writers wait before we look at what is there
    gone: list[str] = []
    for chunk in chunks(product_ids):
        there = select(products.c.product_id).where(LIVE, products.c.product_id.in_(chunk))
        gone.extend(connection.execute(there).scalars())
    first = advance(connection, len(gone)) - len(gone) + 1
    tombstone = update(products).where(products.c.product_id == bindparam("target", type_=Text))
    tombstone = tombstone.values(deleted=True, embedding=None, revision=bindparam("number"))
    if gone:
        connection.execute(tombstone, [{"target": name, "number": number} for number, name in enumerate(gone, first)])
    return len(gone)


def note_colors(connection: Connection, found: Iterable[str]) -> None:
    """Record the single colours of colours as products have them. Other writers must be waiting already."""
    for chunk in chunks(found):
        known = set(connection.execute(select(colors.c.color).where(colors.c.color.in_(chunk))).scalars())
        # one that names none is recorded too, or it would be looked for at every start
        rows = [{"color": one, "key": key} for one in chunk if one not in known for key in color_keys(one) or {""}]
        if rows:
            connection.execute(insert(colors), rows)


def note_all_colors(engine: Engine) -> None:
    """Record what is missing: all colours, in a catalogue of a version that could not filter by them."""
    recorded = select(colors.c.color)
    missing = select(products.c.color).where(products.c.color.is_not(None), products.c.color.not_in(recorded))
    with engine.connect() as connection:
        if connection.execute(missing.limit(1)).first() is None:
            return
    with engine.begin() as connection:
        advance(connection, 0)
        note_colors(connection, connection.execute(missing.distinct()).scalars().all())


def check_fit(products: Sequence[Product], embeddings: NDArray[np.float32], dim: int | None) -> None:
    """Raises CatalogueError unless embeddings are finite, (N,dim), and of N products with distinct ids."""
    if dim is None:
        raise CatalogueError("catalogue has no checkpoint yet: expected bind() before products are put")
    if embeddings.shape != (len(products), dim):
        raise CatalogueError(f"embeddings have shape {embeddings.shape}: expected {(len(products), dim)}")
    if not np.isfinite(embeddings).all():
        raise CatalogueError("embeddings hold NaN or infinity: expected finite numbers")
    names = Counter(product.product_id for product in products)
    if len(names) < len(products):
        raise CatalogueError(f"product id {names.most_common(1)[0][0]!r} comes twice: expected distinct ids")


def row_of(product: Product, embedding: NDArray[np.float32], revision: int) -> dict[str, object]:
    """The row that records a product."""
    return {
        **asdict(product),
        "revision": revision,
        "deleted": False,
        "category_key": category_key(product.category),
        "embedding": np.asarray(embedding, "<f4").tobytes(),
    }


def product_of(row: Row[Any]) -> Product:
    """The product of a row of PRODUCT_COLUMNS."""
    return Product(**row._mapping)


def embedding_of(value: bytes | None) -> NDArray[np.float32] | None:
    """(D,) float32 of an embedding column."""
    return None if value is None else np.frombuffer(value, "<f4")


def chunks(values: Iterable[_T]) -> Iterator[list[_T]]:
    """Values without repeats, in lists that are short enough for one IN (...)."""
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), _CHUNK):
        yield distinct[start : start + _CHUNK]

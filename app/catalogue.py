"""The record of all products and their embeddings. All else that a gallery holds can be made again from it.

Every change gives its rows the next revisions, in one transaction that first takes the counter. Writers thus
queue up and revisions are committed in order, so whoever has seen revision r has seen all that is below it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import URL, Column, Connection, Select, and_, func, select, update

from app.conditions import LIVE, LIVE_BY_KEY, passes
from app.criteria import Filters
from app.engines import open_engine
from app.facets import Facets, count_categories, count_facets
from app.keys import Keys
from app.operations import Operations
from app.products import Photo, Product
from app.records import (
    PRODUCT_COLUMNS,
    CatalogueError,
    CatalogueState,
    Change,
    ChangedMeanwhile,
    CheckpointMismatch,
    check_fit,
    chunks,
    embedding_of,
    product_of,
    state_in,
)
from app.tables import catalogue as _record
from app.tables import photos as _photos
from app.tables import products as _products
from app.writing import advance, bury_rows, check_seen, insert_photos, insert_products, remove_rows

__all__ = ["Catalogue", "CatalogueError", "CheckpointMismatch", "Filters", "Photo", "Product", "sqlite_url"]


def sqlite_url(path: Path) -> URL:
    """The URL of a catalogue in a file."""
    return URL.create("sqlite", database=str(path.resolve()))


class Catalogue:
    """The products behind a SQLAlchemy URL; missing tables are made. Safe to use from many threads."""

    def __init__(self, url: str | URL) -> None:
        self._reading, self._writing = open_engine(url)
        self.keys = Keys(self._reading, self._writing)
        self.operations = Operations(self._writing)
        self._bound: str | None = None  # the checkpoint of whoever uses this; None for who compares no embeddings

    def close(self) -> None:
        """Close all connections."""
        self._reading.dispose()

    @contextmanager
    def moment(self) -> Iterator[Connection]:
        """A connection to read by: all that it sees is of one moment, however long that takes."""
        with self._reading.connect() as connection:
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection to write by, all or nothing; other writers wait until the block ends."""
        with self._writing.begin() as connection:
            advance(connection, 0)
            yield connection

    # the catalogue as a whole

    def state(self) -> CatalogueState:
        """What is recorded of the catalogue as a whole."""
        with self._reading.connect() as connection:
            return state_in(connection)

    def revision(self) -> int:
        """Revision of the last change; 0 before the first. Raises CheckpointMismatch as bind() says."""
        state = self.state()
        self._check_bound(state.checkpoint)
        return state.revision

    def size(self) -> int:
        """How many products there are."""
        query = select(func.count()).select_from(_products).where(LIVE)
        with self._reading.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def bind(self, checkpoint: str, dim: int) -> None:
        """Record which checkpoint (SHA-256) makes the embeddings; any later other one raises CheckpointMismatch.

        So does, from then on, whatever reads or writes embeddings here after they were made anew by another one.
        """
        with self._writing.begin() as connection:
            unbound = _record.c.checkpoint.is_(None)
            connection.execute(update(_record).where(unbound).values(checkpoint=checkpoint, dim=dim))
            recorded = connection.execute(select(_record.c.checkpoint)).scalar_one()
        if recorded != checkpoint:
            raise CheckpointMismatch(str(recorded), checkpoint)
        self._bound = checkpoint

    def _dim(self, connection: Connection) -> int | None:
        """D of the embeddings as a transaction sees them. Raises CheckpointMismatch when bind() named other ones."""
        row = connection.execute(select(_record.c.checkpoint, _record.c.dim)).one()
        self._check_bound(row.checkpoint)
        return None if row.dim is None else int(row.dim)

    def _check_bound(self, recorded: str | None) -> None:
        if self._bound not in (None, recorded):
            raise CheckpointMismatch(str(recorded), str(self._bound))

    def set_factory(self, factory: str) -> None:
        """Record the faiss.index_factory string by which galleries index these products."""
        with self._writing.begin() as connection:
            connection.execute(update(_record).values(factory=factory))

    # writing

    def put(
        self,
        products: Sequence[Product],
        embeddings: NDArray[np.float32],
        seen: Mapping[str, int] | None = None,
        lacking: Callable[[], set[str]] = set,
    ) -> int:
        """Add or replace products, all or none, and return the new revision.

        There is an embedding for every photo, (P,D) float32 in the order of the products and of their photos, and for
        a product of no photo one too: of a picture that is not kept. Raises CatalogueError for embeddings that do not
        fit, or when bind() was never called; CheckpointMismatch as bind() says; ChangedMeanwhile unless the products
        still have the revisions that `seen` gives by id, 0 for one that is not there, and for the ids that `lacking`
        returns. It is called while no photo can be removed, and tells whose photos have been.
        """
        with self._writing.begin() as connection:
            last = advance(connection, len(products))
            check_fit(products, embeddings, self._dim(connection))
            check_seen(connection, seen or {})
            if lost := lacking():
                raise ChangedMeanwhile(lost)
            remove_rows(connection, [product.product_id for product in products])
            first = last - len(products) + 1
            insert_products(connection, [replace(product, revision=n) for n, product in enumerate(products, first)])
            insert_photos(connection, products, embeddings)
        return last

    def delete(self, product_ids: Sequence[str]) -> int:
        """Delete products, all or none, and return how many; ids that are not there are ignored."""
        with self._writing.begin() as connection:
            return bury_rows(connection, product_ids)

    def forget_photos(self, names: Iterable[str], remove: Callable[[str], object]) -> None:
        """Call remove() for each of these photos that no product has; nobody writes a product meanwhile."""
        for chunk in chunks(names):
            with self._writing.begin() as connection:
                advance(connection, 0)
                used = set(connection.execute(select(_photos.c.name).where(_photos.c.name.in_(chunk))).scalars())
                for name in chunk:
                    if name not in used:
                        remove(name)

    # reading products

    def get(self, product_id: str) -> Product | None:
        """One product; None when there is none of that id."""
        return self.get_many([product_id]).get(product_id)

    def get_many(self, product_ids: Sequence[str]) -> dict[str, Product]:
        """Those products that there are, by id."""
        return {product.product_id: product for product in self._where(_products.c.product_id, product_ids)}

    def at_revisions(self, revisions: Sequence[int]) -> dict[int, Product]:
        """Products by their revision; one that has been replaced or deleted since is left out."""
        return {product.revision: product for product in self._where(_products.c.revision, revisions)}

    def _where(self, column: Column[Any], values: Sequence[object]) -> list[Product]:
        queries = [select(*PRODUCT_COLUMNS).where(LIVE_BY_KEY, column.in_(chunk)) for chunk in chunks(values)]
        with self._reading.connect() as connection:
            return [product for query in queries for product in _read(connection, query)]

    def page(self, after: str | None = None, limit: int = 50) -> list[Product]:
        """Products in the order of their ids, from the first after `after`."""
        query = select(*PRODUCT_COLUMNS).where(LIVE_BY_KEY).order_by(_products.c.product_id).limit(limit)
        if after is not None:
            query = query.where(_products.c.product_id > after)
        with self._reading.connect() as connection:
            return _read(connection, query)

    def embedding(self, product_id: str) -> NDArray[np.float32] | None:
        """(P,D) float32 of a product's photos; None when there is none of that id. Raises as embedded() does."""
        found = self.embedded(product_id)
        return found and found[1]

    def embedded(self, product_id: str) -> tuple[Product, NDArray[np.float32]] | None:
        """A product and, as of the same moment, the embeddings (P,D) float32 of its photos.

        None when there is none of that id. Raises CheckpointMismatch as bind() says.
        """
        embeddings = select(_photos.c.embedding).where(_photos.c.product_id == product_id).order_by(_photos.c.position)
        with self._reading.connect() as connection:
            self._dim(connection)
            query = select(*PRODUCT_COLUMNS).where(LIVE_BY_KEY, _products.c.product_id == product_id)
            found = _read(connection, query)
            if not found:
                return None
            return found[0], np.stack([embedding_of(value) for value in connection.execute(embeddings).scalars()])

    # what there is to choose from

    def has(self, filters: Filters) -> bool:
        """Whether any product passes."""
        query = select(_products.c.product_id).where(*passes(filters)).limit(1)
        with self._reading.connect() as connection:
            return connection.execute(query).first() is not None

    def facets(self, filters: Filters = Filters()) -> Facets:
        """How many products there are of each kind, as count_facets() counts them."""
        with self._reading.connect() as connection:
            return count_facets(connection, filters)

    def categories(self) -> dict[str, int]:
        """How many products each category has in and below it, ancestors included, in the order of paths."""
        with self._reading.connect() as connection:
            return count_categories(connection, Filters())

    def currencies(self) -> list[str]:
        """The currencies that products have prices in."""
        currency = _products.c.currency
        query = select(currency).where(LIVE, _products.c.price.is_not(None), currency.is_not(None)).distinct()
        with self._reading.connect() as connection:
            return sorted(connection.execute(query).scalars())

    # following changes

    def changes(self, since: int, limit: int = 4096) -> list[Change]:
        """Products changed or deleted after revision `since`, oldest change first; empty when up to date.

        Raises CheckpointMismatch as bind() says.
        """
        newest = select(_products.c.product_id, _products.c.revision).where(_products.c.revision > since)
        one = newest.order_by(_products.c.revision).limit(limit).subquery()
        query = select(one.c.product_id, one.c.revision, _photos.c.embedding)
        query = query.select_from(one.outerjoin(_photos, _photos.c.product_id == one.c.product_id))
        found: dict[tuple[str, int], list[NDArray[np.float32]]] = {}
        with self._reading.connect() as connection:
            self._dim(connection)
            for name, revision, value in connection.execute(query.order_by(one.c.revision, _photos.c.position)):
                of_product = found.setdefault((name, revision), [])
                if value is not None:  # a deleted product has no photos
                    of_product.append(embedding_of(value))
        return [Change(*key, np.stack(each) if each else None) for key, each in found.items()]

    def live(self) -> dict[str, int]:
        """The revision of every product, by id."""
        query = select(_products.c.product_id, _products.c.revision).where(LIVE)
        with self._reading.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def matching(self, filters: Filters) -> tuple[int, NDArray[np.int64]]:
        """The catalogue's revision and, as of it, the revisions of all products that pass, in no order."""
        # one statement, so that both are of one moment on any engine; the outer join is for when nothing passes
        joined = _record.outerjoin(_products, and_(*passes(filters)))
        query = select(_record.c.revision, _products.c.revision).select_from(joined)
        with self._reading.connect() as connection:
            rows = connection.execute(query).all()
        return rows[0][0], np.array([row[1] for row in rows if row[1] is not None], np.int64)


def _read(connection: Connection, query: Select[Any]) -> list[Product]:
    """The products of a query for PRODUCT_COLUMNS, with their photos."""
    rows = connection.execute(query).all()
    photos: dict[str, list[Photo]] = {}
    columns = _photos.c.product_id, _photos.c.name, _photos.c.source, _photos.c.link
    for chunk in chunks(row.product_id for row in rows):
        kept = select(*columns).where(_photos.c.product_id.in_(chunk), _photos.c.name.is_not(None))
        for product_id, *photo in connection.execute(kept.order_by(_photos.c.product_id, _photos.c.position)):
            photos.setdefault(product_id, []).append(Photo(*photo))
    return [product_of(row, photos.get(row.product_id, [])) for row in rows]

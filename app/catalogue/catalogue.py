"""The record of all products and their embeddings. All else that a gallery holds can be made again from it.

Every change gives its rows the next revisions, in one transaction that first takes the counter. Writers thus
queue up and revisions are committed in order, so whoever has seen revision r has seen all that is below it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import URL, Connection, func, select, update

from app.catalogue.api_keys import ApiKeys
from app.catalogue.catalogue_view import CatalogueView
from app.catalogue.facets import Facets, count_categories, count_facets
from app.catalogue.import_jobs import ImportJobs
from app.database.engine import open_engine
from app.database.errors import CheckpointMismatchError, ConcurrentChangeError
from app.database.filter_conditions import LIVE, LIVE_BY_KEY, where_clauses
from app.database.mutations import (
    check_unchanged,
    claim_revisions,
    insert_photos,
    insert_products,
    remove_rows,
    tombstone_products,
)
from app.database.rows import PRODUCT_COLUMNS, check_fit, chunks, state_in
from app.database.sql_lists import is_any_of
from app.database.state import CatalogueState, Change
from app.database.tables import catalogue as _record
from app.database.tables import photos as _photos
from app.database.tables import products as _products
from app.database.tables import trait_values as _trait_values
from app.database.tables import traits as _traits
from app.products.filters import Filters
from app.products.product import Product


def sqlite_url(path: Path) -> URL:
    """The URL of a catalogue in a file."""
    return URL.create("sqlite", database=str(path.resolve()))


class Catalogue:
    """The products behind a SQLAlchemy URL; missing tables are made. Safe to use from many threads."""

    def __init__(self, url: str | URL) -> None:
        self._reading, self._writing = open_engine(url)
        self.keys = ApiKeys(self._reading, self._writing)
        self.operations = ImportJobs(self._reading, self._writing)
        self._bound: str | None = None  # the checkpoint of whoever uses this; None for who compares no embeddings

    def close(self) -> None:
        """Close all connections."""
        self._reading.dispose()
        self._writing.dispose()

    @contextmanager
    def moment(self) -> Iterator[Connection]:
        """A connection to read by: all that it sees is of one moment, however long that takes."""
        with self._reading.connect() as connection:
            yield connection

    @contextmanager
    def view(self) -> Iterator[CatalogueView]:
        """Read the catalogue as of one moment, for as long as the block takes."""
        with self._reading.connect() as connection:
            yield CatalogueView(connection, self._bound)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection to write by, all or nothing; other writers wait until the block ends."""
        with self._writing.begin() as connection:
            claim_revisions(connection, 0)
            yield connection

    # the catalogue as a whole

    def state(self) -> CatalogueState:
        """What is recorded of the catalogue as a whole."""
        with self._reading.connect() as connection:
            return state_in(connection)

    def revision(self) -> int:
        """Revision of the last change; 0 before the first. Raises CheckpointMismatch as bind() says."""
        with self.view() as view:
            return view.bound_state().revision

    def size(self) -> int:
        """How many products there are."""
        query = select(func.count()).select_from(_products).where(LIVE)
        with self._reading.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def bind(self, checkpoint: str, dim: int) -> None:
        """Record which checkpoint (SHA-256) makes the embeddings; any later other one raises CheckpointMismatch.

        So does, from then on, whatever reads or writes embeddings here after they were made anew by another one.
        """
        recorded = self.state().checkpoint
        if recorded is None:  # else nothing is written, so that a gallery opens while others write
            with self._writing.begin() as connection:
                unbound = _record.c.checkpoint.is_(None)
                connection.execute(update(_record).where(unbound).values(checkpoint=checkpoint, dim=dim))
                recorded = connection.execute(select(_record.c.checkpoint)).scalar_one()
        if recorded != checkpoint:
            raise CheckpointMismatchError(str(recorded), checkpoint)
        self._bound = checkpoint

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
            last = claim_revisions(connection, len(products))
            check_fit(products, embeddings, CatalogueView(connection, self._bound).bound_state().dim)
            check_unchanged(connection, seen or {})
            if lost := lacking():
                raise ConcurrentChangeError(lost)
            remove_rows(connection, [product.product_id for product in products])
            first = last - len(products) + 1
            insert_products(connection, [replace(product, revision=n) for n, product in enumerate(products, first)])
            insert_photos(connection, products, embeddings)
        return last

    def delete(self, product_ids: Sequence[str]) -> dict[str, int]:
        """Delete products, all or none; ids that are not there are ignored.

        Returns, by id, the revision from which on each is gone.
        """
        with self._writing.begin() as connection:
            return tombstone_products(connection, product_ids)

    def forget_photos(self, names: Iterable[str], remove: Callable[[str], object]) -> None:
        """Call remove() for each of these photos that no product has; nobody writes a product meanwhile."""
        for chunk in chunks(names):
            with self._writing.begin() as connection:
                claim_revisions(connection, 0)
                used = set(connection.execute(select(_photos.c.name).where(is_any_of(_photos.c.name, chunk))).scalars())
                for name in chunk:
                    if name not in used:
                        remove(name)

    # reading products

    def get(self, product_id: str) -> Product | None:
        """One product; None when there is none of that id."""
        return self.get_many([product_id]).get(product_id)

    def get_many(self, product_ids: Sequence[str]) -> dict[str, Product]:
        """Those products that there are, by id."""
        with self.view() as view:
            return {product.product_id: product for product in view.products_where(_products.c.product_id, product_ids)}

    def page(self, after: str | None = None, limit: int = 50) -> list[Product]:
        """Products in the order of their ids, from the first after `after`."""
        query = select(*PRODUCT_COLUMNS).where(LIVE_BY_KEY).order_by(_products.c.product_id).limit(limit)
        if after is not None:
            query = query.where(_products.c.product_id > after)
        with self.view() as view:
            return view.products_of(query)

    def embedding(self, product_id: str) -> NDArray[np.float32] | None:
        """(P,D) float32 of a product's photos; None when there is none of that id. Raises as embedded() does."""
        found = self.embedded(product_id)
        return found and found[1]

    def embedded(self, product_id: str) -> tuple[Product, NDArray[np.float32]] | None:
        """A product and, as of the same moment, the embeddings (P,D) float32 of its photos.

        None when there is none of that id. Raises CheckpointMismatch as bind() says.
        """
        with self.view() as view:
            view.bound_state()
            found = view.products_where(_products.c.product_id, [product_id])
            return (found[0], view.embeddings(product_id)) if found else None

    # what there is to choose from

    def has(self, filters: Filters) -> bool:
        """Whether any product passes."""
        query = select(_products.c.product_id).where(*where_clauses(filters)).limit(1)
        with self._reading.connect() as connection:
            return connection.execute(query).first() is not None

    def traits_in(self, wanted: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of these traits, by name and key, that any product has."""
        has_product = select(_traits.c.revision).where(_traits.c.value_id == _trait_values.c.id).exists()
        query = select(_trait_values.c.name, _trait_values.c.key).where(
            is_any_of(_trait_values.c.key, [key for _, key in wanted]), has_product
        )
        with self._reading.connect() as connection:
            return {(name, key) for name, key in connection.execute(query)}.intersection(wanted)

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
        with self.view() as view:
            return view.changes(since, limit)

    def live(self) -> dict[str, int]:
        """The revision of every product, by id."""
        query = select(_products.c.product_id, _products.c.revision).where(LIVE)
        with self._reading.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

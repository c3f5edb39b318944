"""The catalogue: the record of all products and their embeddings.

A gallery's index can be made again from it. Every transaction first claims its revisions. Writers thus queue and commit
in order: a reader that has seen revision r has seen all lower ones.
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
from app.catalogue.facet_table import FacetTables
from app.catalogue.facets import Facets, count_categories, count_facets
from app.catalogue.import_jobs import ImportJobs
from app.database.engine import open_engines
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
from app.database.state import CatalogueState, Change, EmbeddingsOrigin
from app.database.tables import catalogue as _record
from app.database.tables import photos as _photos
from app.database.tables import products as _products
from app.database.tables import trait_values as _trait_values
from app.database.tables import traits as _traits
from app.products.filters import Filters
from app.products.grouping import Grouping
from app.products.product import Product


def sqlite_url(path: Path) -> URL:
    """Return the URL of a catalogue in a file."""
    return URL.create("sqlite", database=str(path.resolve()))


class Catalogue:
    """The products in the database of a SQLAlchemy URL; missing tables are created. Safe to use from many threads."""

    def __init__(self, url: str | URL) -> None:
        self._reading, self._writing, self.server = open_engines(url)
        self.keys = ApiKeys(self._reading, self._writing)
        self.operations = ImportJobs(self._reading, self._writing)
        self._facet_tables = FacetTables()
        self._bound: EmbeddingsOrigin | None = None  # of the caller's embeddings; None if it compares none

    def close(self) -> None:
        """Close all connections."""
        self._reading.dispose()
        self._writing.dispose()

    @contextmanager
    def moment(self) -> Iterator[Connection]:
        """Open a connection for reading. All its reads are of one moment."""
        with self._reading.connect() as connection:
            yield connection

    @contextmanager
    def view(self) -> Iterator[CatalogueView]:
        """Open a view of the catalogue as of one moment."""
        with self._reading.connect() as connection:
            yield CatalogueView(connection, self._bound)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open a transaction for writing. Other writers wait until the block ends."""
        with self._writing.begin() as connection:
            claim_revisions(connection, 0)
            yield connection

    # the catalogue as a whole

    def state(self) -> CatalogueState:
        """Return the state of the catalogue as a whole."""
        with self._reading.connect() as connection:
            return state_in(connection)

    def revision(self) -> int:
        """Return the revision of the last change, 0 before the first. Raises CheckpointMismatchError as bind() says."""
        with self.view() as view:
            return view.bound_state().revision

    def size(self) -> int:
        """Count the products."""
        with self._reading.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(_products).where(LIVE)).scalar_one())

    def bind(self, checkpoint: str, dim: int, *, mirrored: bool = False) -> None:
        """Record which checkpoint (SHA-256) makes the embeddings. Raises CheckpointMismatchError if another one does.

        With `mirrored`, photos of a new catalogue are embedded both ways round. Another one stays as it is. From then
        on, reads and writes of embeddings raise the error too, once all photos have been embedded again.
        """
        state = self.state()
        if state.checkpoint is None:  # otherwise do not write, so that a gallery opens while others write
            with self._writing.begin() as connection:
                values = {"checkpoint": checkpoint, "dim": dim, "mirrored": mirrored}
                connection.execute(update(_record).where(_record.c.checkpoint.is_(None)).values(values))
                state = state_in(connection)
        if state.checkpoint != checkpoint:
            raise CheckpointMismatchError(str(state.checkpoint), checkpoint)
        self._bound = state.origin

    def set_factory(self, factory: str) -> None:
        """Record the faiss.index_factory string of galleries' indexes."""
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

        `embeddings` (P,W) float32, see CatalogueState.width, has a row for each photo, in the order of the products and
        of their photos, and one for a product without photos. `seen` gives the revisions that the caller has read, by
        id, 0 for a missing product. `lacking` returns the ids of products whose photos have been removed since they
        were stored; it is called while none can be. Raises CatalogueError if embeddings do not fit or bind() was never
        called, CheckpointMismatchError as bind() says, and ConcurrentChangeError for products other than `seen` or that
        `lacking` returns.
        """
        with self._writing.begin() as connection:
            last = claim_revisions(connection, len(products))
            check_fit(products, embeddings, CatalogueView(connection, self._bound).bound_state().width)
            check_unchanged(connection, seen or {})
            if lost := lacking():
                raise ConcurrentChangeError(lost)
            remove_rows(connection, [product.product_id for product in products])
            first = last - len(products) + 1
            insert_products(connection, [replace(product, revision=n) for n, product in enumerate(products, first)])
            insert_photos(connection, products, embeddings)
        return last

    def delete(self, product_ids: Sequence[str]) -> dict[str, int]:
        """Delete products, all or none, and return the revisions of the deletions by id. Unknown ids are ignored."""
        with self._writing.begin() as connection:
            return tombstone_products(connection, product_ids)

    def forget_photos(self, names: Iterable[str], condemn: Callable[[list[str]], Callable[[], object]]) -> None:
        """Condemn those of these photos that no product has, while none is written. Then remove them."""
        for chunk in chunks(names):
            with self._writing.begin() as connection:
                claim_revisions(connection, 0)
                used = set(connection.execute(select(_photos.c.name).where(is_any_of(_photos.c.name, chunk))).scalars())
                remove = condemn([name for name in chunk if name not in used])
            remove()

    # reading products

    def get(self, product_id: str) -> Product | None:
        """Return a product, None if the id is unknown."""
        return self.get_many([product_id]).get(product_id)

    def get_many(self, product_ids: Sequence[str]) -> dict[str, Product]:
        """Return the known products of these ids, by id."""
        with self.view() as view:
            return {product.product_id: product for product in view.products_where(_products.c.product_id, product_ids)}

    def page(self, after: str | None = None, limit: int = 50) -> list[Product]:
        """Return products in the order of their ids, from the first after `after`."""
        query = select(*PRODUCT_COLUMNS).where(LIVE_BY_KEY).order_by(_products.c.product_id).limit(limit)
        if after is not None:
            query = query.where(_products.c.product_id > after)
        with self.view() as view:
            return view.products_of(query)

    def embedding(self, product_id: str) -> NDArray[np.float32] | None:
        """Return the embeddings (P,W) float32 of a product's photos, None for an unknown id. Raises as embedded()."""
        return (embedded := self.embedded(product_id)) and embedded[1]

    def embedded(self, product_id: str) -> tuple[Product, NDArray[np.float32]] | None:
        """Return a product and the embeddings (P,W) float32 of its photos, None for an unknown id.

        Both are of the same moment. Raises CheckpointMismatchError as bind() says.
        """
        with self.view() as view:
            view.bound_state()
            products = view.products_where(_products.c.product_id, [product_id])
            return (products[0], view.embeddings(product_id)) if products else None

    # filters and facets

    def has(self, filters: Filters) -> bool:
        """Return whether any product passes the filters."""
        query = select(_products.c.product_id).where(*where_clauses(filters)).limit(1)
        with self._reading.connect() as connection:
            return connection.execute(query).first() is not None

    def traits_in(self, traits: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those of the traits (name, key) that any product has."""
        has_product = select(_traits.c.revision).where(_traits.c.value_id == _trait_values.c.id).exists()
        query = select(_trait_values.c.name, _trait_values.c.key).where(
            is_any_of(_trait_values.c.key, [key for _, key in traits]), has_product
        )
        with self._reading.connect() as connection:
            return {(name, key) for name, key in connection.execute(query)}.intersection(traits)

    def facets(self, filters: Filters = Filters(), grouping: Grouping = Grouping.SINGLE) -> Facets:
        """Count the facets of the groups that pass the filters, as count_facets() does."""
        with self._reading.connect() as connection:
            return count_facets(connection, self._facet_tables.at(connection, grouping), filters)

    def categories(self, grouping: Grouping = Grouping.SINGLE) -> dict[str, int]:
        """Count the groups in and below each category, ancestors included, in the order of paths."""
        with self._reading.connect() as connection:
            return count_categories(self._facet_tables.at(connection, grouping))

    def currencies(self) -> list[str]:
        """Return the currencies of products' prices, sorted."""
        currency = _products.c.currency
        query = select(currency).where(LIVE, _products.c.price.is_not(None), currency.is_not(None)).distinct()
        with self._reading.connect() as connection:
            return sorted(connection.execute(query).scalars())

    # following changes

    def changes(self, since: int, limit: int = 4096) -> list[Change]:
        """Return the products changed or deleted after revision `since`, oldest change first.

        Raises CheckpointMismatchError as bind() says.
        """
        with self.view() as view:
            return view.changes(since, limit)

    def live(self) -> dict[str, int]:
        """Return the revisions of all products, by id."""
        query = select(_products.c.product_id, _products.c.revision).where(LIVE)
        with self._reading.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

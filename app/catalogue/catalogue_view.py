"""A consistent view of the catalogue as of one moment, unaffected by writes meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Column, ColumnElement, Connection, FromClause, Select, func, select

from app.database.damage import checked_values
from app.database.errors import CheckpointMismatchError
from app.database.filter_conditions import LIVE, LIVE_BY_KEY, meets, where_clauses
from app.database.rows import PRODUCT_COLUMNS, chunks, embedding_of, product_of, state_in
from app.database.sql_lists import Scalar, is_any_of
from app.database.state import CatalogueState, Change, EmbeddingsOrigin
from app.database.tables import IS_FIRST_PHOTO, IS_GROUPED, photos, products
from app.database.word_index.conditions import measure_word
from app.database.word_index.lookup import resolve_words
from app.products.conditions import Condition
from app.products.filters import Filters
from app.products.grouping import Grouping
from app.products.product import Photo, Product
from app.words.word_query import WordMatch


class CatalogueView:
    """Reads in one transaction of one connection. `origin` is what Catalogue.bind() found, if it was called."""

    def __init__(self, connection: Connection, origin: EmbeddingsOrigin | None) -> None:
        self._connection, self._origin = connection, origin

    @cached_property
    def state(self) -> CatalogueState:
        """The state of the catalogue as a whole."""
        return state_in(self._connection)

    def bound_state(self) -> CatalogueState:
        """Return the state of the catalogue as a whole. Raises CheckpointMismatchError as Catalogue.bind() says."""
        if self._origin is not None and self._origin != self.state.origin:
            raise CheckpointMismatchError(str(self.state.checkpoint), self._origin.checkpoint)
        return self.state

    def look_up(self, filters: Filters) -> tuple[Filters, WordMatch | None]:
        """Look up the words of filters: return the filters with the words to search for, and what became of them."""
        return resolve_words(self._connection, filters)

    def matching(self, filters: Filters, among: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """Return the revisions (N,) of all products that pass, or of those `among` revisions, in no order.

        Words have to be looked up before.
        """
        query = select(products.c.revision).where(*where_clauses(filters))
        queries = [query]
        if among is not None:
            queries = [query.where(is_any_of(products.c.revision, chunk)) for chunk in chunks(among.tolist())]
        rows = [revision for query in queries for revision in self._connection.execute(query).scalars()]
        return np.array(rows, np.int64)

    def counts(self) -> tuple[int, int]:
        """Count the products and their photos."""
        counted = select(func.count()).select_from(products).where(LIVE), select(func.count()).select_from(photos)
        size, n_photos = (int(self._connection.execute(query).scalar_one()) for query in counted)
        return size, n_photos

    def meeting(self, condition: Condition) -> NDArray[np.int64]:
        """Return the revisions (N,) of all products that meet a condition of a rule, in no order."""
        is_by_id = condition.product_ids or condition.group_ids
        query = select(products.c.revision).where(LIVE_BY_KEY if is_by_id else LIVE, meets(condition))
        return np.array(self._connection.execute(query).scalars().all(), np.int64)

    def measure_words(self, match: WordMatch) -> dict[int, float]:
        """Return by revision how far each product with all words is from having them best, as measure_word() does."""
        measures = [measure_word(self._connection, choice) for choice in match.choices]
        revisions = set(measures[0]).intersection(*measures[1:]) if measures else set()
        return {revision: sum(measure[revision] for measure in measures) for revision in revisions}

    def at_revisions(self, revisions: Iterable[int]) -> dict[int, Product]:
        """Return the products that have these revisions now, by revision."""
        return {product.revision: product for product in self.products_where(products.c.revision, revisions)}

    def products_where(self, column: Column[Any], values: Iterable[Scalar]) -> list[Product]:
        """Return the live products that have one of these values in a column."""
        queries = [select(*PRODUCT_COLUMNS).where(LIVE_BY_KEY, is_any_of(column, chunk)) for chunk in chunks(values)]
        return [product for query in queries for product in self.products_of(query)]

    def products_of(self, query: Select[Any]) -> list[Product]:
        """Return the products of a query for PRODUCT_COLUMNS, with their photos."""
        result = self._connection.execute(query)
        with checked_values():
            rows = result.all()
        columns = photos.c.product_id, photos.c.name, photos.c.source, photos.c.link, photos.c.colors
        photos_by_product: dict[str, list[Photo]] = {}
        for chunk in chunks(row.product_id for row in rows):
            stored = select(*columns).where(is_any_of(photos.c.product_id, chunk), photos.c.name.is_not(None))
            for product_id, *photo in self._connection.execute(stored.order_by(photos.c.product_id, photos.c.position)):
                photos_by_product.setdefault(product_id, []).append(Photo(*photo))
        with checked_values():
            return [product_of(row, photos_by_product.get(row.product_id, [])) for row in rows]

    def embeddings(self, product_id: str) -> NDArray[np.float32]:
        """Return the embeddings (P,W) float32 of a known product's photos."""
        values = self._stored_embeddings(product_id)
        with checked_values():
            return np.stack([embedding_of(value) for value in values])

    def _stored_embeddings(self, product_id: str) -> Sequence[Any]:
        """Return the embeddings of a product's photos as they are stored."""
        joined, embedding = self._with_embeddings(photos)
        query = select(embedding).select_from(joined).where(photos.c.product_id == product_id)
        return self._connection.execute(query.order_by(photos.c.position)).scalars().all()

    def _with_embeddings(self, joined: FromClause) -> tuple[FromClause, ColumnElement[Any]]:
        """Return a join of photos with their embeddings, and the column of these."""
        return joined, photos.c.embedding

    def changes(self, since: int, limit: int | None = None) -> list[Change]:
        """Return the products changed or deleted after revision `since`, oldest change first, at most `limit`.

        Raises CheckpointMismatchError as Catalogue.bind() says.
        """
        self.bound_state()
        newer = select(products.c.product_id, products.c.revision, products.c.group_id)
        newer = newer.where(products.c.revision > since)
        page = newer.order_by(products.c.revision).limit(limit).subquery()
        joined, embedding = self._with_embeddings(page.outerjoin(photos, photos.c.product_id == page.c.product_id))
        query = select(page.c.product_id, page.c.revision, page.c.group_id, photos.c.source, embedding)
        query = query.select_from(joined)
        embeddings: dict[tuple[str, int, str | None], list[NDArray[np.float32]]] = {}
        sources: dict[int, str] = {}  # of the first photos, by revision
        result = self._connection.execute(query.order_by(page.c.revision, photos.c.position))
        with checked_values():
            for name, revision, group_id, source, value in result:
                of_product = embeddings.setdefault((name, revision, group_id), [])
                if value is not None:  # a deleted product has no photos
                    of_product.append(embedding_of(value))
                    sources.setdefault(revision, source)
            return [
                Change(name, revision, _stack(rows), group_id, sources.get(revision))
                for (name, revision, group_id), rows in embeddings.items()
            ]

    def group_keys(self, grouping: Grouping, until: int) -> list[tuple[int, str]]:
        """Return revision and group's key of all products with a group and a revision of at most `until`."""
        if grouping is Grouping.SINGLE:
            return []
        columns, place = (products.c.revision, products.c.group_id), products.c.revision <= until
        rows = self._connection.execute(select(*columns).where(LIVE_BY_KEY, place, IS_GROUPED))
        pairs = [(row.revision, grouping.key(row.group_id, None)) for row in rows]
        if grouping is Grouping.BY_ID_OR_PHOTO:
            query = select(products.c.revision, photos.c.source).join_from(products, photos, IS_FIRST_PHOTO)
            others = self._connection.execute(query.where(LIVE_BY_KEY, place, ~IS_GROUPED))
            pairs += [(row.revision, grouping.key(None, row.source)) for row in others]
        return [(revision, key) for revision, key in pairs if key is not None]

    def changed(self, since: int) -> list[str]:
        """Return the ids of the products changed or deleted after revision `since`."""
        query = select(products.c.product_id).where(products.c.revision > since)
        return list(self._connection.execute(query).scalars())


def _stack(rows: Sequence[NDArray[np.float32]]) -> NDArray[np.float32] | None:
    """Stack embeddings (D,) to (P,D), None without any. A single one is not copied."""
    if len(rows) == 1:
        return rows[0][None]
    return np.stack(rows) if rows else None

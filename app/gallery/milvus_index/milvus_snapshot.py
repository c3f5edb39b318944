"""View of a gallery whose photos are in Milvus, at one revision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from app.core.arrays import Embeddings, Keys, Rows
from app.gallery.milvus_index.collection_schema import SIDES
from app.gallery.milvus_index.filter_expression import expression_of
from app.gallery.milvus_index.milvus_collection import MOST, MilvusCollection, MilvusError
from app.gallery.milvus_index.row_numbers import positions_at, revisions_at, rows_at
from app.index.first_stage.groups import Groups
from app.index.first_stage.index_snapshot import MeanKey
from app.index.first_stage.passing import Passing
from app.index.metric_forms import keys_of
from app.index.snapshot import Snapshot

_SPARE = 32  # rows asked for beyond those needed, in case that some belong to products that have changed since


@dataclass(frozen=True)
class MilvusSnapshot:
    """Photos of a gallery: those up to revision `indexed` in a collection, and the `newer` ones in memory.

    The collection may also have photos of later, replaced and deleted products. So what it returns is compared with the
    catalogue, which alone decides which products pass. A row number is made of the product's revision and the photo's
    position.
    """

    revision: int
    collection: MilvusCollection
    indexed: int
    newer: Snapshot  # which also has the groups of all products
    size: int
    photos: int
    means: tuple[MeanKey, ...]  # of the photos, and of their mirror images if they are embedded too
    is_settled: bool = True  # whether bounded reads have all photos up to `indexed`
    side: int = 0  # 1 for the photos' mirror images

    @property
    def groups(self) -> Groups:
        """Groups of the products."""
        return self.newer.groups

    @property
    def mean(self) -> MeanKey:
        """Mean of the keys of a sample of photos."""
        return self.means[self.side]

    @cached_property
    def mirrored(self) -> MilvusSnapshot | None:
        """The same rows for the photos' mirror images, None unless photos are embedded both ways round."""
        newer = self.newer.mirrored
        return None if newer is None or len(self.means) == 1 else replace(self, newer=newer, side=1)

    @property
    def knows_deletions(self) -> bool:
        """False: the collection and the groups may have products that have been replaced or deleted."""
        return False

    def live_revisions(self) -> None:
        """Return None: a collection may have more products than memory can list."""

    def candidates(self, queries: Embeddings, n: int, passing: Passing) -> Rows:
        """Find rows (B,n) of the passing products nearest to queries (B,Q) by the search form, padded with -1.

        They are ordered nearest first, with the nearest photo of each product.
        """
        if self.collection.marker.is_filling:
            raise MilvusError(f"the collection {self.collection.name} in Milvus is being filled; try again later", 5)
        newer = self._newer_rows(passing)
        expression, limit = _expression(passing), n + _SPARE
        while True:
            limit = min(limit, MOST)
            nearest = self.collection.search(queries, limit, expression, SIDES[self.side], wait=not self.is_settled)
            indexed = self._passing_rows(nearest, passing)
            ranked = [self._rank(query, rows, newer, n) for query, rows in zip(queries, indexed, strict=True)]
            pairs = zip(queries, nearest, ranked, strict=True)
            if limit == MOST or all(self._is_complete(query, rows, limit, first) for query, rows, first in pairs):
                break
            limit *= 2
        return np.array([rows for rows, _ in ranked], np.int64).reshape(len(queries), n)

    def _is_complete(self, query: Keys, rows: Rows, limit: int, ranked: tuple[Rows, Keys]) -> bool:
        """Return whether no row after `rows`, the collection's first `limit` ones, can be among the ranked ones."""
        last, products = ranked[0][-1:], ranked[1][-1:]
        if len(rows) < limit or not len(last):
            return True
        return bool(last[0] >= 0 and products[0] >= self._keys(rows[-1:])[0] @ query)

    def _passing_rows(self, rows: list[Rows], passing: Passing) -> list[Rows]:
        """Keep those of the collection's rows, given for each query, whose products pass now."""
        revisions = np.unique(revisions_at(np.concatenate(rows)))
        revisions = revisions[revisions <= self.indexed]  # later ones are in `newer`
        live = revisions[passing.among(revisions)]
        return [of_query[np.isin(revisions_at(of_query), live)] for of_query in rows]

    def _newer_rows(self, passing: Passing) -> Rows:
        """Return the rows of the newer products that pass."""
        revisions = self.newer.live_revisions()
        return self._rows_of_newer(revisions[passing.among(revisions)])

    def _rank(self, query: Keys, indexed: Rows, newer: Rows, n: int) -> tuple[Rows, Keys]:
        """Return the nearest row (n,) of each of the n nearest products to a query (Q,), and inner products (n,).

        They are of two lists of rows, and padded with -1.
        """
        rows = np.concatenate([indexed, newer])
        products = self._keys(rows) @ query
        order = np.argsort(-products, kind="stable")
        _, first = np.unique(revisions_at(rows[order]), return_index=True)
        chosen = order[np.sort(first)[:n]]
        padding = (0, n - len(chosen))
        return np.pad(rows[chosen], padding, constant_values=-1), np.pad(products[chosen], padding)

    def photos_of(self, rows: Rows) -> Rows:
        """Return all rows of the products that rows (N,) belong to."""
        return rows if self.photos == self.size else self.rows_of(np.unique(revisions_at(rows)))

    def rows_of(self, revisions: Rows) -> Rows:
        """Return all live rows of the products with revisions (N,), those of a product in sequence."""
        is_indexed = revisions <= self.indexed
        indexed = self.collection.rows_of_revisions(revisions[is_indexed], wait=not self.is_settled)
        return np.concatenate([indexed, self._rows_of_newer(revisions[~is_indexed])])

    def embeddings(self, rows: Rows) -> Embeddings:
        """Return the full-precision embeddings (N,D) of rows (N,): the first D numbers of their keys."""
        return np.ascontiguousarray(self._keys(rows)[:, :-1])

    def revisions(self, rows: Rows) -> Rows:
        """Return the revisions (N,) of rows (N,), by which the catalogue knows their products."""
        return revisions_at(rows)

    def positions(self, rows: Rows) -> Rows:
        """Return the position (N,) of each of rows (N,) among the photos of its product, from 0."""
        return positions_at(rows)

    def _rows_of_newer(self, revisions: Rows) -> Rows:
        local = self.newer.rows_of(revisions)
        return rows_at(self.newer.revisions(local), self.newer.positions(local))

    def _keys(self, rows: Rows) -> Keys:
        """Return the keys (N,D+1) of rows (N,)."""
        is_indexed = revisions_at(rows) <= self.indexed
        indexed = self.collection.keys(rows[is_indexed], SIDES[self.side], wait=not self.is_settled)
        keys = np.empty((len(rows), indexed.shape[1]), np.float32)
        keys[is_indexed] = indexed
        if not is_indexed.all():
            wanted = revisions_at(rows[~is_indexed])
            first = self.newer.rows_of(np.unique(wanted))  # ascending, the photos of a product in sequence
            numbers = rows_at(self.newer.revisions(first), self.newer.positions(first))
            local = first[np.searchsorted(numbers, rows[~is_indexed])]
            distance = self.newer.parts[0].segment.distance
            keys[~is_indexed] = keys_of(distance, self.newer.embeddings(local))
        return keys


def _expression(passing: Passing) -> str:
    """Return the expression of all products that may pass."""
    return expression_of(passing.filters, passing.having_words)

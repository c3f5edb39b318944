"""Writing of a catalogue's products to their Milvus collection.

Writes are idempotent, so several servers may write the same products at once. Rows that a killed or late server leaves
behind belong to no product: searches ignore them, and they are removed when the photos are next counted.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from app.catalogue.catalogue import Catalogue
from app.catalogue.catalogue_view import CatalogueView
from app.database.state import CatalogueState, Change
from app.gallery.milvus_index.collection_schema import SIDES
from app.gallery.milvus_index.filter_expression import fields_of, product_number
from app.gallery.milvus_index.milvus_collection import Marker, MilvusCollection
from app.gallery.milvus_index.row_numbers import rows_at
from app.index.metric_forms import keys_of
from app.products.filters import Filters
from app.products.product import Product
from model.network.distances import Distance

_BATCH = 500  # changed products that are written and recorded at a time
_ATTEMPTS = 4  # to count a collection that is being written
_BEARABLE = 0.01  # share of lost photos with which a collection is searched while they are written again
REMOVE_AFTER = 10.0  # s after which no search uses the rows of replaced products any more
_LOG_INTERVAL = 10.0  # s between lines about the progress
_log = logging.getLogger(__name__)


class CollectionWriter:
    """Writer of a catalogue's changes to a collection, for one process."""

    def __init__(
        self, collection: MilvusCollection, catalogue: Catalogue, distance: Distance, state: CatalogueState
    ) -> None:
        self._collection, self._catalogue, self._distance = collection, catalogue, distance
        self._sides = SIDES[: 1 + state.is_mirrored]
        self._replaced: deque[_Replaced] = deque()

    def write(self) -> None:
        """Write all changes that the collection lacks, and all products if it has lost any.

        Raises MilvusError; whatever was written until then stays.
        """
        if self._collection.has_failed:
            self._collection.open()
        self._read_marker()
        for _ in range(_ATTEMPTS):
            self._write_changes()
            if not self._collection.has_failed or self._has_all():
                self._collection.has_failed = False
                break
        if self._collection.marker.is_filling and not self._collection.has_failed:
            self._collection.write_marker(self._collection.marker._replace(is_filling=False))
        self._remove_replaced()

    def _read_marker(self) -> None:
        """Read how complete the collection is. One that is ahead of its catalogue, which was put back, begins again."""
        known = self._collection.marker
        marker = self._collection.read_marker()
        if marker.revision < known.revision and self._collection.has_failed:
            self._collection.write_marker(marker._replace(is_filling=True))
        revision = self._catalogue.revision()
        if marker.revision > revision:
            message = "the collection %s in Milvus has change %d, but the catalogue only %d: all are written again"
            _log.warning(message, self._collection.name, marker.revision, revision)
            self._collection.remove_after(revision)
            self._collection.write_marker(Marker(0, is_filling=True))

    def _write_changes(self) -> None:
        """Write the changes since the marker's revision, in batches."""
        logged = time.monotonic()
        for changes, products, newest in self._batches():
            until, before = changes[-1].revision, self._collection.marker
            self._collection.write(self._rows_of(changes, products))
            if before.revision:  # else all rows are new, or will be counted
                numbers = [product_number(change.product_id) for change in changes]
                self._replaced.append(_Replaced(time.monotonic(), numbers, list(products), until))
            self._collection.write_marker(Marker(until, before.is_filling))
            if time.monotonic() - logged > _LOG_INTERVAL:
                logged = time.monotonic()
                _log.info("the collection in Milvus is complete up to change %d of %d", until, newest)

    def _remove_replaced(self) -> None:
        """Remove rows of replaced and deleted products, once no search can be using them any more."""
        while self.has_replaced:
            _, numbers, revisions, until = self._replaced[0]
            self._collection.remove_older(numbers, revisions, until)
            self._replaced.popleft()

    @property
    def has_replaced(self) -> bool:
        """Whether rows are due to be removed."""
        return bool(self._replaced) and time.monotonic() - self._replaced[0].written_at > REMOVE_AFTER

    def _batches(self) -> Iterator[tuple[list[Change], dict[int, Product], int]]:
        """Yield changes with the products that they left, by revision, and the newest revision."""
        while True:
            with self._catalogue.view() as view:
                changes = view.changes(self._collection.marker.revision, _BATCH)
                products = view.at_revisions([c.revision for c in changes if c.embeddings is not None])
                newest = view.state.revision
            if not changes:
                return
            yield changes, products, newest

    def _rows_of(self, changes: Sequence[Change], products: dict[int, Product]) -> list[dict[str, Any]]:
        """Return the rows of the changed products that were not deleted."""
        rows = list[dict[str, Any]]()
        for change in changes:
            if change.embeddings is None:
                continue
            fields = fields_of(products[change.revision])
            sides = np.split(change.embeddings, len(self._sides), axis=1)
            keys = dict(zip(self._sides, (keys_of(self._distance, side) for side in sides), strict=True))
            count = len(change.embeddings)
            numbers = rows_at(np.full(count, change.revision), np.arange(count)).tolist()
            rows += [
                {"row": number, **fields, **{side: keys[side][photo] for side in self._sides}}
                for photo, number in enumerate(numbers)
            ]
        return rows

    def _has_all(self) -> bool:
        """Return whether the collection has as many photos as the catalogue, neither of which has changed meanwhile.

        If some are lost, the collection begins again; if there are too many, those of no product are removed.
        """
        completed = self._collection.marker.revision
        with self._catalogue.view() as view:
            _, expected = view.counts()
            is_newest = view.bound_state().revision == completed
        count = self._collection.count(completed)
        if not is_newest or self._catalogue.revision() != completed:
            return False
        if count > expected:
            _log.info("%d photos of earlier products are removed from Milvus", count - expected)
            with self._catalogue.view() as view:
                self._remove_dead(view, completed)
            return False  # some of those that are left may be lost
        if count == expected:
            return True
        message = "the collection %s in Milvus has %d of %d photos: all are written again"
        _log.warning(message, self._collection.name, count, expected)
        self._collection.write_marker(Marker(0, is_filling=expected - count > expected * _BEARABLE))
        return False

    def _remove_dead(self, view: CatalogueView, completed: int) -> None:
        """Remove the rows of products that have been replaced or deleted."""
        for page in self._collection.pages():
            rows = np.array([row["row"] for row in page], np.int64)
            revisions = np.array([row["revision"] for row in page], np.int64)
            live = view.matching(Filters(), np.unique(revisions))
            self._collection.remove(rows[~np.isin(revisions, live) & (revisions <= completed)])


class _Replaced(NamedTuple):
    """Products whose rows up to a revision are to be removed, but for those of `revisions`."""

    written_at: float
    products: list[int]  # numbers
    revisions: list[int]
    until: int

"""Writing of a catalogue's products to their Milvus collection.

Writes are idempotent, so several servers may write the same products at once, and a killed one leaves nothing to mend.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from app.catalogue.catalogue import Catalogue
from app.catalogue.catalogue_view import CatalogueView
from app.database.state import CatalogueState, Change
from app.gallery.milvus_index.collection_schema import SIDES
from app.gallery.milvus_index.filter_expression import fields_of, product_number
from app.gallery.milvus_index.milvus_collection import MilvusCollection, rows_at
from app.index.metric_forms import keys_of
from app.products.filters import Filters
from app.products.product import Product
from model.network.distances import Distance

_BATCH = 500  # changed products that are written and recorded at a time
_LOG_INTERVAL = 10.0  # s between lines about the progress
_log = logging.getLogger(__name__)


class CollectionWriter:
    """Writer of a catalogue's changes to a collection, for one process."""

    def __init__(
        self, collection: MilvusCollection, catalogue: Catalogue, distance: Distance, state: CatalogueState
    ) -> None:
        self._collection, self._catalogue, self._distance = collection, catalogue, distance
        self._sides = SIDES[: 1 + state.is_mirrored]

    def write(self) -> None:
        """Write all changes that the collection lacks, and all products if it has lost any.

        Raises MilvusError; whatever was written until then stays.
        """
        before = self._collection.completed
        if self._collection.has_failed:
            self._collection.open()
        if self._collection.read_completed() < before and self._collection.has_failed:
            self._collection.is_filling = True
        self._write_changes()
        while self._collection.has_failed:
            self._collection.has_failed = not self._has_all()
            self._write_changes()
        self._collection.is_filling = False

    def _write_changes(self) -> None:
        """Write the changes since the completed revision, in batches."""
        logged = time.monotonic()
        for changes, products, newest in self._batches():
            until = changes[-1].revision
            numbers = [product_number(change.product_id) for change in changes]
            self._collection.write(self._rows_of(changes, products), numbers, until)
            self._collection.complete(until)
            if time.monotonic() - logged > _LOG_INTERVAL:
                logged = time.monotonic()
                _log.info("the collection in Milvus is complete up to change %d of %d", until, newest)

    def _batches(self) -> Iterator[tuple[list[Change], dict[int, Product], int]]:
        """Yield changes with the products that they left, by revision, and the newest revision."""
        while True:
            with self._catalogue.view() as view:
                changes = view.changes(self._collection.completed, _BATCH)
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
        """Compare the numbers of photos. If some are lost, begin anew; if there are too many, remove the dead ones."""
        with self._catalogue.view() as view:
            if view.bound_state().revision != self._collection.completed:
                return False  # there are changes since
            _, expected = view.counts()
            count = self._collection.count()
            if count > expected:
                _log.info(
                    "the collection in Milvus has %d photos of earlier products, which are removed", count - expected
                )
                self._remove_dead(view)
        if count >= expected:
            return True
        message = "the collection %s in Milvus has %d of %d photos: all are written again"
        _log.warning(message, self._collection.name, count, expected)
        self._collection.is_filling = True
        self._collection.complete(0, anew=True)
        return False

    def _remove_dead(self, view: CatalogueView) -> None:
        """Remove the rows of products that have been replaced or deleted."""
        for page in self._collection.pages():
            rows = np.array([row["row"] for row in page], np.int64)
            revisions = np.array([row["revision"] for row in page], np.int64)
            live = view.matching(Filters(), np.unique(revisions))
            self._collection.remove(rows[~np.isin(revisions, live) & (revisions <= self._collection.completed)])

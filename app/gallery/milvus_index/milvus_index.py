"""Index of a gallery in Milvus, which all servers of the gallery share.

The catalogue is the record. save() writes to the collection what that lacks, and records up to which revision it is
complete; any process may do so, and go on where another one stopped. Until a revision counts as indexed, its products
are searched in this process's memory. So a search has all that was acknowledged, however late Milvus is.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from app.catalogue.catalogue import Catalogue
from app.database.state import CatalogueState, Change
from app.gallery.local_index.catalogue_follower import CatalogueFollower
from app.gallery.milvus_index.collection_schema import SIDES
from app.gallery.milvus_index.collection_writer import CollectionWriter
from app.gallery.milvus_index.milvus_address import MilvusAddress
from app.gallery.milvus_index.milvus_collection import MilvusCollection
from app.gallery.milvus_index.milvus_snapshot import MilvusSnapshot
from app.index.first_stage.index_snapshot import LEAST, SAMPLE, MeanKey
from app.index.first_stage.passing import Passing
from app.index.part import add, merge, newer_rows
from app.index.segment import FLAT
from app.index.snapshot import Snapshot
from app.products.grouping import Grouping
from model.network.distances import Distance

SETTLE = 15.0  # s after which bounded reads see a write; Milvus's own bound is 5 s unless it is configured
_PATIENCE = 2.0  # s for which changes are collected before they are written
_CHECK_INTERVAL = 5.0  # s after which the marker is read again, in case that another server fills the collection
_LARGE = 100_000  # products; larger catalogues are counted after many changes only
_RECOUNT = 1000  # changes after which a catalogue is read anew as a whole
_PRODUCTS_PER_CHANGE = 5  # unless there are more products than this per change since


class MilvusIndex:
    """Index of a gallery's products in a Milvus collection. `scratch` is a folder for large arrays."""

    tuning = None

    def __init__(
        self,
        address: MilvusAddress,
        scratch: Path,
        catalogue: Catalogue,
        distance: Distance,
        state: CatalogueState,
        grouping: Grouping,
    ) -> None:
        self._catalogue, self._scratch = catalogue, scratch
        self._lock, self._saving = threading.Lock(), threading.Lock()  # the first is held to build the next snapshot
        self._follower = CatalogueFollower(catalogue, distance, scratch, grouping, 1 + state.is_mirrored)
        self.collection = MilvusCollection(address, state, distance.search_dim)
        self._writer = CollectionWriter(self.collection, catalogue, distance, state)
        self._sides = SIDES[: 1 + state.is_mirrored]
        self._written: deque[tuple[float, int]] = deque()  # when it became known that a revision is written
        self._changed_at = 0.0  # time of the first change that the collection lacks
        self._snapshot: MilvusSnapshot | None = None
        self._saved_at = time.monotonic()
        self._read_at = 0  # revision at which the catalogue was last read as a whole

    @property
    def snapshot(self) -> MilvusSnapshot:
        """Newest snapshot. Raises RuntimeError before open()."""
        if self._snapshot is None:
            raise RuntimeError("the index is not open yet")
        return self._snapshot

    @property
    def n_parts(self) -> int:
        """Number of parts that a search scans: the collection, and segments in memory."""
        return 1 + len(self.snapshot.newer.parts)

    @property
    def is_saved(self) -> bool:
        """Whether the collection has all changes."""
        return self.collection.marker.revision >= self.snapshot.revision

    @property
    def is_scattered(self) -> bool:
        """Whether there is anything to write, to check or to remove, or to drop from memory since it is indexed now."""
        now, snapshot, settled = time.monotonic(), self.snapshot, self._settled()
        is_waiting = not self.is_saved and now - self._changed_at > _PATIENCE
        has_settled = settled > snapshot.indexed or (not snapshot.is_settled and settled >= 0)
        is_due = self._writer.has_replaced or now - self._saved_at > _CHECK_INTERVAL
        return self.collection.has_failed or is_waiting or has_settled or is_due

    def open(self) -> None:
        """Write what the collection lacks, and make the first snapshot. Raises MilvusError."""
        self._writer.write()
        self._note_written(has_refilled=True)
        revision = self.collection.marker.revision
        newer = Snapshot(revision, (merge([self._follower.empty_part()], FLAT),))
        first = MilvusSnapshot(revision, self.collection, revision, newer, 0, 0, (), is_settled=False)
        self._snapshot = self._read_whole(first)
        self.follow(self._catalogue.revision(), wait=True)

    def follow(self, until: int, *, wait: bool) -> bool:
        """Apply the catalogue's changes up to a revision, as ProductIndex says."""
        if not self._lock.acquire(blocking=wait):
            return False
        try:
            for revision, old, new, groups in self._follower.changes(self.snapshot.revision, until):
                if self.is_saved:
                    self._changed_at = time.monotonic()
                parts = add([part.without(old) for part in self.snapshot.newer.parts], new, FLAT)
                newer = Snapshot(revision, tuple(parts), groups=self.snapshot.groups.change(old, groups))
                self._snapshot = self._count(replace(self.snapshot, revision=revision, newer=newer))
        finally:
            self._lock.release()
        return True

    def prepare(self, passing: Passing) -> None:
        """Do nothing: the catalogue is asked about the candidates alone."""

    def extend(self, snapshot: MilvusSnapshot, changes: Sequence[Change]) -> MilvusSnapshot:
        """Return a snapshot with later changes in a part of their own, in memory."""
        newer = self._follower.extend(snapshot.newer, changes)
        added = newer.parts[-1]
        size, photos = snapshot.size + added.products, snapshot.photos + added.size
        return replace(snapshot, revision=newer.revision, newer=newer, size=size, photos=photos)

    def save(self) -> bool:
        """Write to the collection what it lacks, and drop from memory what counts as indexed now.

        Returns whether so much has changed that the catalogue was read anew. Raises MilvusError.
        """
        with self._saving:
            was_filling = self.collection.marker.is_filling
            self._writer.write()
            self._saved_at = time.monotonic()
            self._note_written(has_refilled=was_filling)
            with self._lock:
                snapshot = self.snapshot if not was_filling else replace(self.snapshot, is_settled=False)
                snapshot = self._drop_indexed(snapshot, self._settled())
                has_changed = snapshot.revision - self._read_at > max(_RECOUNT, snapshot.size // _PRODUCTS_PER_CHANGE)
                self._snapshot = self._read_whole(snapshot) if has_changed or self._lacks_mean(snapshot) else snapshot
            return has_changed

    def close(self) -> None:
        """Close the connection to Milvus."""
        self.collection.close()

    def _settled(self) -> int:
        """Return the newest revision that was written long enough ago, -1 if none was."""
        before = time.monotonic() - SETTLE
        return max((revision for written_at, revision in self._written if written_at <= before), default=-1)

    def _drop_indexed(self, snapshot: MilvusSnapshot, settled: int) -> MilvusSnapshot:
        """Drop the products from memory that the collection has, up to a settled revision."""
        if settled < snapshot.indexed or (settled == snapshot.indexed and snapshot.is_settled):
            return snapshot
        while len(self._written) > 1 and self._written[1][1] <= settled:
            self._written.popleft()
        kept = newer_rows(snapshot.newer.parts, settled, self._scratch) or self._follower.empty_part()
        self._follower.forget(settled)
        newer = replace(snapshot.newer, parts=(merge([kept], FLAT),))
        return replace(snapshot, indexed=settled, newer=newer, is_settled=True)

    def _read_whole(self, snapshot: MilvusSnapshot) -> MilvusSnapshot:
        """Return the snapshot with what is read of all products: their number, their groups, and the sample's mean."""
        newer = replace(snapshot.newer, groups=self._follower.load_groups(snapshot.revision))
        snapshot = self._count(replace(snapshot, newer=newer), always=True)
        sample = self.collection.sample_rows(SAMPLE, snapshot.indexed)
        means = [MeanKey(None, snapshot.indexed)] * len(self._sides)
        if len(sample) >= LEAST:
            keys = [self.collection.keys(sample, side, wait=True).astype(np.float64) for side in self._sides]
            means = [MeanKey(of_side.mean(0), snapshot.indexed) for of_side in keys]
        self._read_at = snapshot.revision
        return replace(snapshot, means=tuple(means))

    @staticmethod
    def _lacks_mean(snapshot: MilvusSnapshot) -> bool:
        """Whether there was no mean for too few photos, and may be one now."""
        mean = snapshot.means[0]
        return mean.key is None and snapshot.photos >= LEAST and snapshot.indexed > mean.revision

    def _count(self, snapshot: MilvusSnapshot, *, always: bool = False) -> MilvusSnapshot:
        """Return the snapshot with the numbers of products and photos now; large ones are seldom counted."""
        if snapshot.size > _LARGE and not always:
            return snapshot
        with self._catalogue.view() as view:
            size, photos = view.counts()
        return replace(snapshot, size=size, photos=photos)

    def _note_written(self, *, has_refilled: bool) -> None:
        """Note that the collection is complete up to the marker's revision. After a refill, no read sees all yet."""
        if has_refilled:
            self._written.clear()
        if not self._written or self._written[-1][1] < self.collection.marker.revision:
            self._written.append((time.monotonic(), self.collection.marker.revision))

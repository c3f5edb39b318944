"""Index in this process's memory: segments with FAISS indexes, saved in files and mapped from them.

follow() builds the next snapshot from the changed rows alone and swaps it in, so searches never see half a change.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from app.catalogue.catalogue import Catalogue
from app.database.state import CatalogueState, Change
from app.gallery.local_index.catalogue_follower import CatalogueFollower
from app.gallery.local_index.index_choice import last_choice, tuned_spec
from app.gallery.local_index.index_manifest import UnusableIndexError
from app.gallery.local_index.index_store import load_index, save_index
from app.index.first_stage.groups import Groups
from app.index.first_stage.passing import Passing
from app.index.gpu import Gpu
from app.index.index_spec import IndexSpec, Tuning
from app.index.part import Part, add, merge, newer_rows
from app.index.snapshot import Snapshot
from app.products.grouping import Grouping
from model.network.distances import Distance

_REPLAY = 1000  # revisions; a saved index that is further behind is saved again at the start
_PRODUCTS_PER_CHANGE = 5  # the index is merged when there are fewer products than this per change since
_log = logging.getLogger(__name__)


class LocalIndex:
    """Index of a gallery's products, saved in `directory`. A GPU, if given, searches as far as possible."""

    def __init__(
        self,
        directory: Path,
        catalogue: Catalogue,
        distance: Distance,
        state: CatalogueState,
        gpu: Gpu | None,
        grouping: Grouping,
    ) -> None:
        self._directory, self._catalogue, self._distance, self._gpu = directory, catalogue, distance, gpu
        self._lock, self._saving = threading.Lock(), threading.Lock()  # the first is held to build the next snapshot
        self._state = state
        self._follower = CatalogueFollower(catalogue, distance, directory, grouping, 1 + state.is_mirrored)
        self._spec = self._read_spec()
        self._snapshot = Snapshot(0, ())
        self._saved = -1  # revision of the index on disk; -1 if there is no usable one

    @property
    def snapshot(self) -> Snapshot:
        """Newest snapshot."""
        return self._snapshot

    @property
    def tuning(self) -> Tuning | None:
        """Tuning of the searched index by `sketchfind tune`, or None."""
        return self._spec.tuning

    @property
    def n_parts(self) -> int:
        """Number of segments that a search scans."""
        return len(self._snapshot.parts)

    @property
    def is_saved(self) -> bool:
        """Whether the index on disk is as new as the snapshot."""
        return self._saved == self._snapshot.revision

    @property
    def is_scattered(self) -> bool:
        """Whether enough has changed since the index was saved to make save() worth its time."""
        return self._snapshot.revision - self._saved > max(_REPLAY, self._snapshot.size // _PRODUCTS_PER_CHANGE)

    def open(self) -> None:
        """Build the first snapshot, and save it if the next start would otherwise take as long."""
        try:
            self._load()
        except UnusableIndexError as reason:
            _log.info("%s has no usable index, making it from the catalogue: %s", self._directory, reason)
            revision, parts = self._follower.load_all()
            self._publish(revision, [merge(parts, self._spec)], self._follower.load_groups(revision))
        self._apply(self._catalogue.revision())
        if self._saved < 0 or self._snapshot.revision - self._saved > _REPLAY:
            try:
                self.save()
            except OSError as error:
                _log.warning("the index in %s is not saved, so the next start is slow: %s", self._directory, error)

    def follow(self, until: int, *, wait: bool) -> bool:
        """Apply the catalogue's changes up to a revision, as ProductIndex says."""
        if not self._lock.acquire(blocking=wait):
            return False
        try:
            self._apply(until)
        finally:
            self._lock.release()
        return True

    def extend(self, snapshot: Snapshot, changes: Sequence[Change]) -> Snapshot:
        """Return a snapshot with later changes in a part of their own."""
        return self._follower.extend(snapshot, changes)

    def prepare(self, passing: Passing) -> None:
        """Read the revisions of the products that pass."""
        if not passing.is_everything:
            passing.revisions  # noqa: B018

    def save(self) -> bool:
        """Merge all products into one part and save it for the next start.

        Searches and changes continue meanwhile; the changes are replayed on the new part. The index is of the kind that
        the catalogue names now, with its last tuning. Returns True: it is called after many changes only.

        Raises OSError, and UntimelyTuningError if tuned meanwhile.
        """
        with self._saving:
            snapshot = self._snapshot
            choice = last_choice(self._directory)
            spec = self._read_spec()
            whole = snapshot.parts[0] if snapshot.parts else self._follower.empty_part()
            if len(snapshot.parts) != 1 or not whole.live.all() or spec != self._spec:
                whole = merge(snapshot.parts or [whole], spec)
                self._replace_parts(whole, snapshot.revision, spec)
            saved = save_index(self._directory, whole, snapshot.revision, self._state, spec, choice)
            # the saved part is mapped from its files, so servers share its memory
            self._replace_parts(saved, snapshot.revision, spec)
            self._saved = snapshot.revision
        return True

    def close(self) -> None:
        """Do nothing: the files of the index stay mapped until the last search has ended."""

    def _read_spec(self) -> IndexSpec:
        """Read how to build the index: its kind from the catalogue, its tuning from the manifest."""
        factory = self._catalogue.state().factory
        self._state = replace(self._state, factory=factory)  # all else describes the rows, and stays
        return tuned_spec(self._directory, factory, self._distance)

    def _replace_parts(self, whole: Part, revision: int, spec: IndexSpec) -> None:
        """Replace all parts up to `revision` by one that has all of their products."""
        whole.make_ready()
        with self._lock:
            self._spec = spec
            newer = newer_rows(self._snapshot.parts, revision, self._directory)
            parts = [replace(whole, live=whole.allowed(self._follower.live_revisions()))]
            self._publish(self._snapshot.revision, add(parts, newer, spec) if newer else parts, self._snapshot.groups)

    def _load(self) -> None:
        """Load the saved index without the rows that changed since. Raises UnusableIndexError."""
        saved, revision = load_index(self._directory, self._distance, self._state)
        known = {name: number for name, number in self._catalogue.live().items() if number <= revision}
        live = saved.allowed(self._follower.resume(known))
        count = len(np.unique(saved.segment.revisions[live]))
        if count != len(known):
            raise UnusableIndexError(f"it holds {count} of the {len(known)} products that it should")
        self._saved = revision
        self._publish(revision, [replace(saved, live=live)], self._follower.load_groups(revision))

    def _apply(self, until: int) -> None:
        """Apply the catalogue's changes since the snapshot, up to a revision or slightly beyond."""
        for revision, old, new, new_groups in self._follower.changes(self._snapshot.revision, until):
            parts = [part.without(old) for part in self._snapshot.parts]
            self._publish(revision, add(parts, new, self._spec), self._snapshot.groups.change(old, new_groups))

    def _publish(self, revision: int, parts: Sequence[Part], groups: Groups) -> None:
        """Swap in a snapshot."""
        self._snapshot = Snapshot(revision, tuple(parts), self._gpu, groups, self._snapshot.means)

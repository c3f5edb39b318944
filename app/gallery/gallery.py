"""Gallery: the products of a catalogue in a searchable snapshot that follows the catalogue's changes.

The catalogue is the record; the gallery is a cache of it. Searches use an immutable snapshot. refresh() builds the next
snapshot from the changed rows alone and swaps it in, so searches never see half a change.
"""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from app.catalogue.catalogue import Catalogue
from app.catalogue.catalogue_view import CatalogueView
from app.database.contact.database_contact import DatabaseContact
from app.database.errors import CheckpointMismatchError
from app.database.read_limits import unlimited
from app.database.state import lineage
from app.gallery.catalogue_follower import CatalogueFollower
from app.gallery.index_choice import last_choice, tuned_spec
from app.gallery.index_manifest import MANIFEST, UnusableIndexError
from app.gallery.index_store import load_index, save_index
from app.gallery.layout import INDEX, PHOTOS, GalleryLocation
from app.gallery.photo_store import PhotoStore
from app.gallery.selection import Selection
from app.index.gpu import Gpu
from app.index.groups import Groups
from app.index.index_spec import DEFAULT_CANDIDATES, IndexSpec, Tuning
from app.index.part import Part, add, merge, newer_rows
from app.index.snapshot import Snapshot
from app.products.filters import Filters
from app.products.grouping import Grouping
from model.checkpoint import Checkpoint

_REPLAY = 1000  # revisions; a saved index that is further behind is saved again at the start
_PRODUCTS_PER_CHANGE = 5  # the index is merged when there are fewer products than this per change since
_MAX_BEHIND = 4096  # revisions that a snapshot may lack before searches wait for it
_log = logging.getLogger(__name__)


class Gallery:
    """Open gallery directory, made by Gallery.open(). Safe to use from many threads."""

    index_folder = INDEX

    def __init__(
        self, directory: Path, catalogue: Catalogue, checkpoint: Checkpoint, gpu: Gpu | None, grouping: Grouping
    ) -> None:
        self.directory, self.catalogue, self.contact = directory, catalogue, DatabaseContact()
        self.grouping, self.photos = grouping, PhotoStore(directory / PHOTOS)
        self._distance = copy.deepcopy(checkpoint.network.distance).cpu().requires_grad_(requires_grad=False)
        self._index_dir = directory / self.index_folder
        self._lock, self._saving = threading.Lock(), threading.Lock()  # the first is held to build the next snapshot
        self._state = catalogue.state()
        self.is_mirrored = self._state.is_mirrored  # whether photos are embedded both ways round
        self._follower = CatalogueFollower(catalogue, self._distance, self._index_dir, grouping, 1 + self.is_mirrored)
        self.secret = lineage(self._state.identity)  # random; common to all servers, and to restored backups
        self._spec, self._gpu = self._read_spec(), gpu
        self._snapshot = Snapshot(0, ())
        self._saved = -1  # revision of the index on disk; -1 if there is no usable one

    @classmethod
    def open(
        cls,
        directory: Path,
        checkpoint: Checkpoint,
        catalogue: Catalogue | None = None,
        gpu: Gpu | None = None,
        grouping: Grouping = Grouping.BY_ID,
    ) -> Self:
        """Open a gallery from its saved index if that is usable, else from the catalogue's rows.

        `catalogue` is by default the file in the directory. `gpu` is used for searches as far as possible. Raises
        CheckpointMismatchError for a gallery of another checkpoint, and CatalogueError without a catalogue.
        """
        if catalogue is None:
            catalogue = GalleryLocation(directory).open_catalogue()
        catalogue.bind(checkpoint.sha256, checkpoint.network.dim)
        gallery = cls(directory, catalogue, checkpoint, gpu, grouping)
        gallery._start()
        return gallery

    def close(self) -> None:
        """Close the catalogue's connections."""
        self.catalogue.close()

    @property
    def snapshot(self) -> Snapshot:
        """Current snapshot. A search uses the same one from start to end."""
        return self._snapshot

    @property
    def size(self) -> int:
        """Number of products that searches can find."""
        return self._snapshot.size

    @property
    def revision(self) -> int:
        """Revision of the catalogue that searches see."""
        return self._snapshot.revision

    @property
    def is_saved(self) -> bool:
        """Whether the index on disk is as new as the snapshot."""
        return self._saved == self.revision

    def refresh(self, *, wait: bool = True) -> bool:
        """Apply the catalogue's changes. Returns whether the gallery is now up to date.

        With wait=False, returns False at once if another thread is refreshing. Raises CheckpointMismatchError once the
        catalogue is re-embedded. This gallery then stays as it is, and the caller has to open another one.
        """
        newest = self.contact.ask(self.catalogue.revision)
        if newest <= self.revision:
            return True
        if not self._lock.acquire(blocking=wait):
            return False
        try:
            with unlimited():  # the work is for all searches, so no single search limits it
                self._follow(newest)
        finally:
            self._lock.release()
        return True

    @contextmanager
    def select(self, filters: Filters) -> Iterator[Selection]:
        """Select the products of one search, as of one moment. The selection is valid within the block.

        A search does not wait for a snapshot that is a little behind: the selection also has the missing changes.
        """
        for has_caught_up in (False, True):
            snapshot = self._snapshot  # read before the view, so that the view has all later changes
            with self.catalogue.view() as view:
                if has_caught_up or view.state.revision <= snapshot.revision:
                    yield self._select_from(snapshot, view, filters)
                    return
            with suppress(CheckpointMismatchError, OSError):  # the maintenance thread reports these
                if not self.refresh(wait=False) and self.catalogue.revision() - self.revision > _MAX_BEHIND:
                    self.refresh()

    def _select_from(self, snapshot: Snapshot, view: CatalogueView, filters: Filters) -> Selection:
        """Select the products of a view that pass the filters, from a snapshot and the changes after it."""
        passing, words = view.select(filters)
        try:
            changes = view.changes(snapshot.revision) if view.state.revision > snapshot.revision else []
        except CheckpointMismatchError:
            # new embeddings cannot be compared; until this gallery is replaced, changed products are left out
            return Selection(snapshot, snapshot, passing, frozenset(view.changed(snapshot.revision)), view, words)
        if not changes:
            return Selection(snapshot, snapshot, passing, frozenset(), view, words)
        newer = merge([self._follower.rows_of(changes)], self._spec.flat())
        groups = snapshot.groups.change(np.zeros(0, np.int64), self._follower.groups_of(changes))
        extended = Snapshot(changes[-1].revision, (*snapshot.parts, newer), self._gpu, groups)
        return Selection(snapshot, extended, passing, frozenset(change.product_id for change in changes), view, words)

    @property
    def is_scattered(self) -> bool:
        """Whether enough has changed since the index was saved to make save() worth its time."""
        return self.revision - self._saved > max(_REPLAY, self.size // _PRODUCTS_PER_CHANGE)

    def save(self) -> Path:
        """Merge all products into one part and save it for the next start. Returns the manifest's path.

        Searches and changes continue meanwhile; the changes are replayed on the new part. The index is of the kind that
        the catalogue names now, with its last tuning. Raises OSError, and UntimelyTuningError if tuned meanwhile.
        """
        with self._saving:
            self.refresh()
            snapshot = self._snapshot
            choice = last_choice(self._index_dir)
            spec = self._read_spec()
            whole = snapshot.parts[0] if snapshot.parts else self._follower.empty_part()
            if len(snapshot.parts) != 1 or not whole.live.all() or spec != self._spec:
                whole = merge(snapshot.parts or [whole], spec)
                self._replace_parts(whole, snapshot.revision, spec)
            saved = save_index(self._index_dir, whole, snapshot.revision, self._state, spec, choice)
            # the saved part is mapped from its files, so servers share its memory
            self._replace_parts(saved, snapshot.revision, spec)
            self._saved = snapshot.revision
            return self._index_dir / MANIFEST

    @property
    def n_candidates(self) -> int:
        """Number of products that the first stage should find, by the tuning of the index."""
        return self._spec.tuning.n_candidates if self._spec.tuning else DEFAULT_CANDIDATES

    @property
    def tuning(self) -> Tuning | None:
        """Tuning of the searched index by `sketchfind tune`, or None."""
        return self._spec.tuning

    def _read_spec(self) -> IndexSpec:
        """Read how to build the index: its kind from the catalogue, its tuning from the manifest."""
        factory = self.catalogue.state().factory
        self._state = replace(self._state, factory=factory)  # all else describes the rows, and stays
        return tuned_spec(self._index_dir, factory, self._distance)

    def _replace_parts(self, whole: Part, revision: int, spec: IndexSpec) -> None:
        """Replace all parts up to `revision` by one that has all of their products."""
        whole.make_ready()
        with self._lock:
            self._spec = spec
            newer = newer_rows(self._snapshot.parts, revision, self._index_dir)
            parts = [replace(whole, live=whole.allowed(self._follower.live_revisions()))]
            self._publish(self.revision, add(parts, newer, spec) if newer else parts, self._snapshot.groups)

    def _start(self) -> None:
        """Build the first snapshot, and save it if the next start would otherwise take as long."""
        try:
            self._load()
        except UnusableIndexError as reason:
            _log.info("%s has no usable index, making it from the catalogue: %s", self.directory, reason)
            revision, parts = self._follower.load_all()
            self._publish(revision, [merge(parts, self._spec)], self._follower.load_groups(revision))
        self._follow(self.catalogue.revision())
        if self._saved < 0 or self.revision - self._saved > _REPLAY:
            try:
                self.save()
            except OSError as error:
                _log.warning("the index of %s is not saved, so the next start is slow: %s", self.directory, error)

    def _load(self) -> None:
        """Load the saved index without the rows that changed since. Raises UnusableIndexError."""
        saved, revision = load_index(self._index_dir, self._distance, self._state)
        known = {name: number for name, number in self.catalogue.live().items() if number <= revision}
        live = saved.allowed(self._follower.resume(known))
        count = len(np.unique(saved.segment.revisions[live]))
        if count != len(known):
            raise UnusableIndexError(f"it holds {count} of the {len(known)} products that it should")
        self._saved = revision
        self._publish(revision, [replace(saved, live=live)], self._follower.load_groups(revision))

    def _follow(self, until: int) -> None:
        """Apply the catalogue's changes since the snapshot, up to a revision or slightly beyond."""
        for revision, old, new, new_groups in self._follower.changes(self.revision, until):
            parts = [part.without(old) for part in self._snapshot.parts]
            self._publish(revision, add(parts, new, self._spec), self._snapshot.groups.change(old, new_groups))

    def _publish(self, revision: int, parts: Sequence[Part], groups: Groups) -> None:
        """Swap in a snapshot."""
        self._snapshot = Snapshot(revision, tuple(parts), self._gpu, groups, self._snapshot.means)

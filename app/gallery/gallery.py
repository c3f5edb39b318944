"""The gallery: all products of a catalogue, ready to be searched, kept up with whatever writes the catalogue.

The catalogue is the record and this is a cache of it. What searches see is an immutable snapshot; refresh() makes
the next one from the changed rows alone and swaps it in, so that searches never see half a change.
"""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from app.catalogue.catalogue import Catalogue
from app.catalogue.catalogue_view import CatalogueView
from app.database.errors import CheckpointMismatchError
from app.database.read_limits import unlimited
from app.gallery.catalogue_follower import CatalogueFollower
from app.gallery.index_choice import last_choice, tuned_recipe
from app.gallery.index_manifest import MANIFEST, UnusableIndexError
from app.gallery.index_store import load_index, save_index
from app.gallery.layout import INDEX, PHOTOS, catalogue_of
from app.gallery.photo_store import PhotoStore
from app.gallery.selection import Selection
from app.index.gpu import Gpu
from app.index.index_spec import DEFAULT_CANDIDATES, IndexSpec, Tuning
from app.index.snapshot import Part, Snapshot, add, merge, newer_rows
from app.products.filters import Filters
from model.checkpoint import Checkpoint

_REPLAY = 1000  # revisions: a cache that is further behind is written anew at the start
_SHARE = 5  # so many times more products than changes need no new index
_BEHIND = 4096  # revisions by which an index may be behind before searches wait for it
_log = logging.getLogger(__name__)


class Gallery:
    """A gallery directory in use, made by Gallery.open(). Safe to use from many threads."""

    def __init__(self, directory: Path, catalogue: Catalogue, checkpoint: Checkpoint, gpu: Gpu | None = None) -> None:
        self.directory = directory
        self.catalogue = catalogue
        self.photos = PhotoStore(directory / PHOTOS)
        self._distance = copy.deepcopy(checkpoint.network.distance).cpu().requires_grad_(requires_grad=False)
        self._index_dir = directory / INDEX
        self._lock = threading.Lock()  # held by whoever makes the next snapshot
        self._saving = threading.Lock()
        self._replay = CatalogueFollower(catalogue, self._distance, self._index_dir)
        self._state = catalogue.state()
        self._recipe = self._recipe_now()
        self._gpu = gpu
        self._snapshot = Snapshot(0, ())
        self._saved = -1  # revision of the index on disk, as far as it can be trusted

    @classmethod
    def open(
        cls, directory: Path, checkpoint: Checkpoint, catalogue: Catalogue | None = None, gpu: Gpu | None = None
    ) -> Gallery:
        """Open a gallery, from its saved index when that can be trusted, else from the catalogue's rows.

        The catalogue is the directory's own file unless one is given. It is searched on `gpu` as far as that can.
        Raises CheckpointMismatch when it was built with another checkpoint, CatalogueError when there is no catalogue.
        """
        if catalogue is None:
            catalogue = catalogue_of(directory)
        catalogue.bind(checkpoint.sha256, checkpoint.network.dim)
        gallery = cls(directory, catalogue, checkpoint, gpu)
        gallery._start()
        return gallery

    def close(self) -> None:
        """Close the catalogue's connections."""
        self.catalogue.close()

    @property
    def snapshot(self) -> Snapshot:
        """What a search that starts now should use throughout."""
        return self._snapshot

    @property
    def size(self) -> int:
        """How many products can be found."""
        return self._snapshot.size

    @property
    def revision(self) -> int:
        """The catalogue's revision that searches see."""
        return self._snapshot.revision

    @property
    def is_saved(self) -> bool:
        """Whether the index on disk is as new as what searches see."""
        return self._saved == self.revision

    def refresh(self, *, wait: bool = True) -> bool:
        """Take in what anyone wrote to the catalogue; returns whether the gallery is now up to date.

        With wait=False, gives up at once when another thread is at it already. Raises CheckpointMismatch once the
        catalogue has been embedded anew: this gallery then stays as it is, and another one has to take its place.
        """
        newest = self.catalogue.revision()
        if newest <= self.revision:
            return True
        if not self._lock.acquire(blocking=wait):
            return False
        try:
            with unlimited():  # whoever asks first does it for all
                self._follow(newest)
        finally:
            self._lock.release()
        return True

    @contextmanager
    def select(self, filters: Filters) -> Iterator[Selection]:
        """All that one search by these filters works with, as of one moment, for as long as the block takes.

        Nobody waits for an index that is a little behind: what it does not have yet is beside it in the selection.
        """
        for has_caught_up in (False, True):
            snapshot = self._snapshot  # taken before the view, so that this has all that has changed since
            with self.catalogue.view() as view:
                if has_caught_up or view.state.revision <= snapshot.revision:
                    yield self._selected(snapshot, view, filters)
                    return
            with suppress(CheckpointMismatchError, OSError):  # whoever follows the catalogue reports these
                if not self.refresh(wait=False) and self.catalogue.revision() - self.revision > _BEHIND:
                    self.refresh()

    def _selected(self, snapshot: Snapshot, view: CatalogueView, filters: Filters) -> Selection:
        passing = None if filters.is_empty else view.matching(filters)
        try:
            changes = view.changes(snapshot.revision) if view.state.revision > snapshot.revision else []
        except (
            CheckpointMismatchError
        ):  # what is new cannot be compared; until this is replaced, what is gone stays away
            return Selection(snapshot, snapshot, passing, frozenset(view.changed(snapshot.revision)), view)
        if not changes:
            return Selection(snapshot, snapshot, passing, frozenset(), view)
        newer = merge([self._replay.rows_of(changes)], self._recipe.flat())
        extended = Snapshot(changes[-1].revision, (*snapshot.parts, newer), self._gpu)
        return Selection(snapshot, extended, passing, frozenset(change.product_id for change in changes), view)

    @property
    def is_scattered(self) -> bool:
        """Whether so much has changed since the index was saved that save() is worth its time."""
        return self.revision - self._saved > max(_REPLAY, self.size // _SHARE)

    def save(self) -> Path:
        """Index all products as one part and write that for the next start; returns the manifest's path.

        Searches and changes go on meanwhile: what changes is replayed on the new part when it takes the place of all
        that it was made from. The index is of the kind that the catalogue names now, and as it was tuned last. Raises
        OSError when it cannot be written, UntimelyTuning when others tuned it meanwhile.
        """
        with self._saving:
            self.refresh()
            snapshot = self._snapshot
            before = last_choice(self._index_dir)
            recipe = self._recipe_now()
            whole = snapshot.parts[0] if snapshot.parts else self._replay.empty_part()
            if len(snapshot.parts) != 1 or not whole.live.all() or recipe != self._recipe:
                whole = merge(snapshot.parts or [whole], recipe)
                self._adopt(whole, snapshot.revision, recipe)
            saved = save_index(self._index_dir, whole.segment, snapshot.revision, self._state, recipe, before)
            self._adopt(Part.whole(saved), snapshot.revision, recipe)  # it lies in files, which other servers share
            self._saved = snapshot.revision
            return self._index_dir / MANIFEST

    @property
    def n_candidates(self) -> int:
        """How many products the first stage should find, as the index was tuned."""
        return self._recipe.tuning.n_candidates if self._recipe.tuning else DEFAULT_CANDIDATES

    @property
    def tuning(self) -> Tuning | None:
        """What `sketchfind tune` chose for the index that is searched."""
        return self._recipe.tuning

    def _recipe_now(self) -> IndexSpec:
        """How the index is to be made, as catalogue and disk say now."""
        factory = self.catalogue.state().factory
        self._state = replace(self._state, factory=factory)  # all else stays what the rows are of
        return tuned_recipe(self._index_dir, factory, self._distance)

    def _adopt(self, whole: Part, revision: int, recipe: IndexSpec) -> None:
        """Put a part that has all products as of `revision` in the place of older ones."""
        whole.segment.make_ready()
        with self._lock:
            self._recipe = recipe
            rows = np.zeros(len(whole.live), bool)
            rows[whole.segment.rows_of(self._replay.live_revisions())] = True
            newer = newer_rows(self._snapshot.parts, revision, self._index_dir)
            parts = [Part(whole.segment, rows)]
            self._publish(self.revision, add(parts, newer, recipe) if newer is not None else parts)

    def _start(self) -> None:
        """Make the first snapshot, and save it when the next start would otherwise have as much to do."""
        try:
            self._load()
        except UnusableIndexError as reason:
            _log.info("%s has no usable index, making it from the catalogue: %s", self.directory, reason)
            revision, parts = self._replay.load_all()
            self._publish(revision, [merge(parts, self._recipe)])
        self._follow(self.catalogue.revision())
        if self._saved < 0 or self.revision - self._saved > _REPLAY:
            try:
                self.save()
            except OSError as error:
                _log.warning("the index of %s is not saved, so the next start is slow: %s", self.directory, error)

    def _load(self) -> None:
        """Take the saved index, less the rows that changed since. Raises UnusableIndex."""
        segment, revision = load_index(self._index_dir, self._distance, self._state)
        known = {name: number for name, number in self.catalogue.live().items() if number <= revision}
        rows = segment.rows_of(self._replay.resume(known))
        held = len(np.unique(segment.revisions[rows]))
        if held != len(known):
            raise UnusableIndexError(f"it holds {held} of the {len(known)} products that it should")
        live = np.zeros(len(segment), bool)
        live[rows] = True
        self._saved = revision
        self._publish(revision, [Part(segment, live)])

    def _follow(self, until: int) -> None:
        """Replay the catalogue's changes since the snapshot, up to a revision or a few more."""
        for revision, old, new in self._replay.changes(self.revision, until):
            parts = [part.without(old) for part in self._snapshot.parts]
            self._publish(revision, add(parts, new, self._recipe))

    def _publish(self, revision: int, parts: Sequence[Part]) -> None:
        self._snapshot = Snapshot(revision, tuple(parts), self._gpu)

"""Gallery: the products of a catalogue in a searchable index that follows the catalogue's changes.

The catalogue is the record; the index is a copy of it for searches, which use an immutable snapshot.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from app.catalogue.catalogue import Catalogue
from app.catalogue.catalogue_view import CatalogueView
from app.database.contact.database_contact import DatabaseContact
from app.database.errors import CheckpointMismatchError
from app.database.read_limits import unlimited
from app.database.state import lineage
from app.gallery.layout import INDEX, GalleryLocation
from app.gallery.local_index.local_index import LocalIndex
from app.gallery.milvus_index.milvus_address import MilvusAddress
from app.gallery.milvus_index.milvus_index import MilvusIndex
from app.gallery.photo_store import PhotoStore
from app.gallery.product_index import ProductIndex
from app.gallery.selection import Selection
from app.index.first_stage.index_snapshot import IndexSnapshot
from app.index.first_stage.passing import Passing
from app.index.gpu import Gpu
from app.index.index_spec import DEFAULT_CANDIDATES, Tuning
from app.products.filters import Filters
from app.products.grouping import Grouping
from model.checkpoint import Checkpoint

_MAX_BEHIND = 4096  # revisions that a snapshot may lack before searches wait for it


class Gallery:
    """Open gallery directory, made by Gallery.open(). Safe to use from many threads."""

    index_folder = INDEX

    def __init__(
        self,
        directory: Path,
        catalogue: Catalogue,
        checkpoint: Checkpoint,
        gpu: Gpu | None,
        grouping: Grouping,
        photos: PhotoStore | None,
        milvus: MilvusAddress | None,
    ) -> None:
        self.directory, self.catalogue, self.contact = directory, catalogue, DatabaseContact()
        self.grouping, self.photos = grouping, photos or GalleryLocation(directory).open_photos()
        state = catalogue.state()
        self.is_mirrored = state.is_mirrored  # whether photos are embedded both ways round
        self.secret = lineage(state.identity)  # random; common to all servers, and to restored backups
        distance = copy.deepcopy(checkpoint.network.distance).cpu().requires_grad_(requires_grad=False)
        folder = directory / self.index_folder
        self.index: ProductIndex[Any]
        if milvus is None:
            self.index = LocalIndex(folder, catalogue, distance, state, gpu, grouping)
        else:
            self.index = MilvusIndex(milvus, folder, catalogue, distance, state, grouping)

    @classmethod
    def open(
        cls,
        directory: Path,
        checkpoint: Checkpoint,
        catalogue: Catalogue | None = None,
        gpu: Gpu | None = None,
        grouping: Grouping = Grouping.BY_ID,
        photos: PhotoStore | None = None,
        milvus: MilvusAddress | None = None,
    ) -> Self:
        """Open a gallery from its saved index if that is usable, else from the catalogue's rows.

        `catalogue` and `photos` are by default those in the directory. `gpu` is used for searches as far as possible.
        With `milvus`, the index is in that collection. Raises CheckpointMismatchError for a gallery of another
        checkpoint, CatalogueError without a catalogue, and MilvusError.
        """
        catalogue = catalogue or GalleryLocation(directory).open_catalogue()
        catalogue.bind(checkpoint.sha256, checkpoint.network.dim)
        gallery = cls(directory, catalogue, checkpoint, gpu, grouping, photos, milvus)
        gallery.index.open()
        return gallery

    def close(self) -> None:
        """Close the connections of the catalogue, and of the index if it has any."""
        self.catalogue.close()
        self.index.close()

    @property
    def snapshot(self) -> IndexSnapshot:
        """Current snapshot. A search uses the same one from start to end."""
        snapshot: IndexSnapshot = self.index.snapshot
        return snapshot

    @property
    def size(self) -> int:
        """Number of products that searches can find."""
        return self.snapshot.size

    @property
    def revision(self) -> int:
        """Revision of the catalogue that searches see."""
        return self.snapshot.revision

    @property
    def n_candidates(self) -> int:
        """Number of products that the first stage should find, by the tuning of the index."""
        return self.tuning.n_candidates if self.tuning else DEFAULT_CANDIDATES

    @property
    def tuning(self) -> Tuning | None:
        """Tuning of the searched index by `sketchfind tune`, or None."""
        return self.index.tuning

    @property
    def is_saved(self) -> bool:
        """Whether the next start finds all that searches find now in the saved index."""
        return self.index.is_saved

    @property
    def is_scattered(self) -> bool:
        """Whether enough has changed since save() to make it worth its time."""
        return self.index.is_scattered

    def refresh(self, *, wait: bool = True) -> bool:
        """Apply the catalogue's changes. Returns whether the gallery is now up to date.

        With wait=False, returns False at once if another thread is refreshing. Raises CheckpointMismatchError once the
        catalogue is re-embedded. This gallery then stays as it is, and the caller has to open another one.
        """
        newest = self.contact.ask(self.catalogue.revision)
        if newest <= self.revision:
            return True
        with unlimited():  # the work is for all searches, so no single search limits it
            return self.index.follow(newest, wait=wait)

    def save(self) -> bool:
        """Save the index with all changes of the catalogue until now, as ProductIndex.save() does."""
        self.refresh()
        return self.index.save()

    @contextmanager
    def select(self, filters: Filters) -> Iterator[Selection]:
        """Select the products of one search, as of one moment. The selection is valid within the block.

        A search does not wait for a snapshot that is a little behind: the selection also has the missing changes.
        """
        for has_caught_up in (False, True):
            snapshot = self.snapshot  # read before the view, so that the view has all later changes
            with self.catalogue.view() as view:
                if has_caught_up or view.state.revision <= snapshot.revision:
                    yield self._select_from(snapshot, view, filters)
                    return
            with suppress(CheckpointMismatchError, OSError):  # the maintenance thread reports these
                if not self.refresh(wait=False) and self.catalogue.revision() - self.revision > _MAX_BEHIND:
                    self.refresh()

    def _select_from(self, snapshot: IndexSnapshot, view: CatalogueView, filters: Filters) -> Selection:
        """Select the products of a view that pass the filters, from a snapshot and the changes after it."""
        filters, words = view.look_up(filters)
        passing = Passing(filters, view)
        self.index.prepare(passing)
        try:
            changes = view.changes(snapshot.revision) if view.state.revision > snapshot.revision else []
        except CheckpointMismatchError:
            # new embeddings cannot be compared; until this gallery is replaced, changed products are left out
            return Selection(snapshot, snapshot, passing, frozenset(view.changed(snapshot.revision)), view, words)
        if not changes:
            return Selection(snapshot, snapshot, passing, frozenset(), view, words)
        extended = self.index.extend(snapshot, changes)
        return Selection(snapshot, extended, passing, frozenset(change.product_id for change in changes), view, words)

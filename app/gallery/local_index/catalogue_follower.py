"""Translation of a catalogue's rows, or of the changes since a revision, to parts of a snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from app.catalogue.catalogue import Catalogue
from app.core.arrays import Rows
from app.database.state import Change
from app.index.first_stage.groups import Groups
from app.index.index_spec import IndexSpec
from app.index.part import Part, join, merge
from app.index.segment import Segment
from app.index.snapshot import Snapshot
from app.products.grouping import Grouping
from model.network.distances import Distance

_MAX_PENDING = 2**15  # photos held in memory before their parts are joined


class CatalogueFollower:
    """Follower of a catalogue's changes for one gallery. `revisions` has the last seen revision of live products.

    An embedding has `sides`: one, or two if photos are embedded both ways round.
    """

    def __init__(self, catalogue: Catalogue, distance: Distance, scratch: Path, grouping: Grouping, sides: int) -> None:
        self._catalogue, self._distance, self._scratch, self._grouping = catalogue, distance, scratch, grouping
        self._sides = sides
        self.revisions: dict[str, int] = {}

    def resume(self, revisions: Mapping[str, int]) -> Rows:
        """Resume from live products with these revisions by id. Returns the revisions (N,)."""
        self.revisions = dict(revisions)
        return self.live_revisions()

    def live_revisions(self) -> Rows:
        """Return the revisions (N,) of all live products."""
        return np.fromiter(self.revisions.values(), np.int64, len(self.revisions))

    def forget(self, until: int) -> None:
        """Forget the products whose last change was at a revision of at most `until`."""
        self.revisions = {name: revision for name, revision in self.revisions.items() if revision > until}

    def load_all(self) -> tuple[int, list[Part]]:
        """Load all products. Returns the catalogue's revision, and at least one part, not indexed yet."""
        self.revisions = {}
        joined, pending = list[Part](), list[Part]()
        last = 0
        for revision, old, new, _ in self.changes(0, self._catalogue.revision()):
            last = revision
            joined = [part.without(old) for part in joined]
            pending = [*(part.without(old) for part in pending), new]
            if sum(part.size for part in pending) >= _MAX_PENDING:
                joined, pending = [*joined, join(pending, self._scratch)], []
        return last, [*joined, *pending] or [self.empty_part()]

    def load_groups(self, until: int) -> Groups:
        """Load the groups of all products with a revision of at most `until`."""
        with self._catalogue.view() as view:
            return Groups.of(view.group_keys(self._grouping, until))

    def changes(self, revision: int, until: int) -> Iterator[tuple[int, Rows, Part, Groups]]:
        """Yield the changes after a revision in batches: last revision, replaced revisions (N,), new rows and groups.

        Ends with the first batch that reaches revision `until`, since continuous writers would keep it going forever. A
        batch counts as seen when the next is requested. If the caller fails before, the batch is yielded again later.
        """
        while revision < until and (changes := self._catalogue.changes(revision)):
            revision = changes[-1].revision
            yield revision, self._replaced_revisions(changes), self.rows_of(changes), self.groups_of(changes)
            self._record_revisions(changes)

    def empty_part(self) -> Part:
        """Return a part without rows."""
        return self.rows_of([])

    def _replaced_revisions(self, changes: Sequence[Change]) -> Rows:
        """Return the revisions (N,) that the changed products had before."""
        names = [change.product_id for change in changes]
        return np.array([self.revisions[name] for name in names if name in self.revisions], np.int64)

    def _record_revisions(self, changes: Sequence[Change]) -> None:
        """Record the new revisions of the changed products."""
        for change in changes:
            self.revisions.pop(change.product_id, None)
            if change.embeddings is not None:
                self.revisions[change.product_id] = change.revision

    def rows_of(self, changes: Sequence[Change]) -> Part:
        """Return a part, not indexed yet, of the photos of the changed products that were not deleted."""
        live = [(change.revision, change.embeddings) for change in changes if change.embeddings is not None]
        empty = np.zeros((0, self._sides * self._distance.dim), np.float32)
        embeddings = np.concatenate([empty, *(photos for _, photos in live)])
        revisions = np.array([revision for revision, photos in live for _ in photos], np.int64)
        sides = np.split(embeddings, self._sides, axis=1)
        return Part.whole(*(Segment(side, revisions, None, self._distance) for side in sides))

    def extend(self, snapshot: Snapshot, changes: Sequence[Change]) -> Snapshot:
        """Return a snapshot with later changes in a part of their own. It also has the old photos of these products."""
        newer = merge([self.rows_of(changes)], IndexSpec(scratch=self._scratch))
        groups = snapshot.groups.change(np.zeros(0, np.int64), self.groups_of(changes))
        return Snapshot(changes[-1].revision, (*snapshot.parts, newer), snapshot.gpu, groups)

    def groups_of(self, changes: Sequence[Change]) -> Groups:
        """Return the groups of the changed products that were not deleted."""
        live = [change for change in changes if change.embeddings is not None]
        keys = [(change.revision, self._grouping.key(change.group_id, change.source)) for change in live]
        return Groups.of((revision, key) for revision, key in keys if key is not None)

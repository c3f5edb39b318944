"""From a catalogue's rows to the parts of a snapshot: all of them, or what has changed since the last look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from app.catalogue.catalogue import Catalogue
from app.core.arrays import Rows
from app.database.state import Change
from app.index.segment import Segment
from app.index.snapshot import Part, join
from model.network.distances import Distance

_GATHERED = 2**15  # photos that are held in memory until they are joined


class CatalogueFollower:
    """Follows one catalogue for one gallery. `revisions` tells of every live product, by id, which state was seen."""

    def __init__(self, catalogue: Catalogue, distance: Distance, scratch: Path) -> None:
        self._catalogue, self._distance, self._scratch = catalogue, distance, scratch
        self.revisions: dict[str, int] = {}

    def resume(self, revisions: Mapping[str, int]) -> Rows:
        """Go on from products of these revisions, which are returned (N,)."""
        self.revisions = dict(revisions)
        return self.live_revisions()

    def live_revisions(self) -> Rows:
        """(N,) the revisions of all live products."""
        return np.fromiter(self.revisions.values(), np.int64, len(self.revisions))

    def load_all(self) -> tuple[int, list[Part]]:
        """The catalogue's revision and, not indexed yet, at least one part of all that it has."""
        self.revisions = {}
        done, waiting = list[Part](), list[Part]()
        last = 0
        for revision, old, new in self.changes(0, self._catalogue.revision()):
            last = revision
            done = [part.without(old) for part in done]
            waiting = [*(part.without(old) for part in waiting), new]
            if sum(part.size for part in waiting) >= _GATHERED:
                done, waiting = [*done, join(waiting, self._scratch)], []
        return last, [*done, *waiting] or [self.empty_part()]

    def changes(self, revision: int, until: int) -> Iterator[tuple[int, Rows, Part]]:
        """Changes after a revision, some at a time: up to which revision, which revisions are gone, and new rows.

        Ends with the first that reach revision `until`: after writers who never stop, nobody would ever be done. What
        has been yielded counts as seen when the next is asked for, so that it comes again where it could not be used.
        """
        while revision < until and (changes := self._catalogue.changes(revision)):
            revision = changes[-1].revision
            yield revision, self._revisions_of(changes), self.rows_of(changes)
            self._note(changes)

    def empty_part(self) -> Part:
        """A part without rows."""
        return self.rows_of([])

    def _revisions_of(self, changes: Sequence[Change]) -> Rows:
        """Return the revisions (N,) that changed products had."""
        names = [change.product_id for change in changes]
        return np.array([self.revisions[name] for name in names if name in self.revisions], np.int64)

    def _note(self, changes: Sequence[Change]) -> None:
        """Note the new revisions of changed products."""
        for change in changes:
            self.revisions.pop(change.product_id, None)
            if change.embeddings is not None:
                self.revisions[change.product_id] = change.revision

    def rows_of(self, changes: Sequence[Change]) -> Part:
        """Photos of the changed products that are not deleted, not indexed yet."""
        kept = [(change.revision, change.embeddings) for change in changes if change.embeddings is not None]
        none = np.zeros((0, self._distance.dim), np.float32)
        embeddings = np.concatenate([none, *(embeddings for _, embeddings in kept)])
        revisions = np.array([revision for revision, each in kept for _ in each], np.int64)
        return Part.whole(Segment(embeddings, revisions, None, self._distance))

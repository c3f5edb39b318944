"""What a gallery needs of an index of its products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from app.database.state import Change
from app.index.first_stage.index_snapshot import IndexSnapshot
from app.index.first_stage.passing import Passing
from app.index.index_spec import Tuning

SnapshotT = TypeVar("SnapshotT", bound=IndexSnapshot)


class ProductIndex(Protocol[SnapshotT]):
    """Index of the photos of a catalogue's products, which follows the catalogue's changes.

    Searches use its snapshot, which has all changes up to its revision. Safe to use from many threads.
    """

    @property
    def snapshot(self) -> SnapshotT:
        """Newest snapshot. It never changes; follow() puts another one in its place."""

    @property
    def tuning(self) -> Tuning | None:
        """Tuning by `sketchfind tune`, or None."""

    @property
    def n_parts(self) -> int:
        """Number of parts that a search scans; more than one after changes."""

    @property
    def is_saved(self) -> bool:
        """Whether the next start finds all of the snapshot where save() writes it."""

    @property
    def is_scattered(self) -> bool:
        """Whether enough has changed since save() to make it worth its time."""

    def open(self) -> None:
        """Make the first snapshot from what save() wrote, and from the catalogue what that lacks."""

    def follow(self, until: int, *, wait: bool) -> bool:
        """Apply the catalogue's changes up to a revision, or slightly beyond. Returns whether it did.

        With wait=False, returns False at once if another thread is doing so. Raises CheckpointMismatchError.
        """

    def extend(self, snapshot: SnapshotT, changes: Sequence[Change]) -> SnapshotT:
        """Return a snapshot of this index with later changes. It also has the old photos of these products."""

    def prepare(self, passing: Passing) -> None:
        """Read what candidates() needs of the products that pass, while a search can do without the database."""

    def save(self) -> bool:
        """Write what the snapshot has for the next start, and for other processes.

        Returns whether much has changed since this last returned true. Raises OSError, and MilvusError.
        """

    def close(self) -> None:
        """Close what open() opened."""

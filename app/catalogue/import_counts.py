"""What has become of the items of a source."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class Counts:
    """What has become of the items so far. `done` are over: written, unchanged, or not to be used."""

    done: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: int = 0  # of items without a product, and of single photos

    @property
    def lost(self) -> int:
        """Items that gave no product."""
        return self.done - self.added - self.updated - self.unchanged

    @property
    def is_failure(self) -> bool:
        """Whether nothing was changed, and most items gave no product."""
        return not self.added + self.updated and 2 * self.lost > self.done

    def failure(self, reasons: object) -> str:
        """Say that nothing was changed, how much was lost, and why."""
        return f"nothing was changed: {self.lost:,} of {self.done:,} entries gave no product ({reasons})"

    def __str__(self) -> str:
        return f"{self.added} added, {self.updated} updated, {self.unchanged} unchanged, {self.problems} problems"

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(ours + theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True)))

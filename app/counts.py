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

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(ours + theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True)))

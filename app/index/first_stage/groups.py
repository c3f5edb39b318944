"""Groups of products, such as the sizes of one shoe, by the revisions of the products."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from app.core.arrays import Rows


def group_number(key: str) -> int:
    """Return the number of a group: a hash of 63 bits, negative so that it is not a revision."""
    return -1 - (int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()) >> 1)


@dataclass(frozen=True, eq=False)
class Groups:
    """Products that belong to groups: their revisions (G,), ascending, and the numbers (G,) of their groups.

    All other products are groups of their own, numbered by their revisions.
    """

    revisions: Rows
    numbers: Rows

    @staticmethod
    def of(keys: Iterable[tuple[int, str]]) -> Groups:
        """Make groups from pairs of a revision and the key that is common to its group, in any order."""
        pairs = np.array(sorted((revision, group_number(key)) for revision, key in keys), np.int64).reshape(-1, 2)
        return Groups(pairs[:, 0].copy(), pairs[:, 1].copy())

    def __len__(self) -> int:
        return len(self.revisions)

    def change(self, replaced: Rows, new: Groups) -> Groups:
        """Return the groups without products of the revisions `replaced`, and with newer products."""
        if not len(self):
            return new
        place = np.searchsorted(self.revisions, replaced).clip(max=len(self) - 1)
        gone = place[self.revisions[place] == replaced]
        if not gone.size and not len(new):
            return self
        older = np.delete(self.revisions, gone), np.delete(self.numbers, gone)
        return Groups(np.concatenate([older[0], new.revisions]), np.concatenate([older[1], new.numbers]))

    def numbers_of(self, revisions: Rows) -> Rows:
        """Return the group's number (N,) of each product, by its revision."""
        if not len(self):
            return revisions
        place = np.searchsorted(self.revisions, revisions).clip(max=len(self) - 1)
        return np.where(self.revisions[place] == revisions, self.numbers[place], revisions)

    def members_of(self, numbers: Rows) -> Rows:
        """Return the revisions (N,) of all products of some distinct groups."""
        order, ordered = self._by_number
        first = np.searchsorted(ordered, numbers)
        counts = np.searchsorted(ordered, numbers, side="right") - first
        before = np.cumsum(counts) - counts
        grouped = order[np.repeat(first - before, counts) + np.arange(counts.sum())]
        return np.concatenate([numbers[numbers >= 0], self.revisions[grouped]])

    def mean_size(self, products: int) -> float:
        """Return the mean number of products of a group, in a gallery of so many products."""
        if not len(self):
            return 1.0
        _, ordered = self._by_number
        distinct = 1 + int(np.count_nonzero(np.diff(ordered)))
        return products / max(1, products - len(self) + distinct)

    @cached_property
    def _by_number(self) -> tuple[Rows, Rows]:
        """The order (G,) of the numbers, and the numbers (G,) in it."""
        order = np.argsort(self.numbers, kind="stable")
        return order, self.numbers[order]


NO_GROUPS = Groups.of([])
"""Each product is a group of its own."""

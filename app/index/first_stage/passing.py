"""Products that pass the filters of one search."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from app.core.arrays import Mask, Rows
from app.index.first_stage.groups import Groups
from app.products.filters import Filters


class PassingSource(Protocol):
    """Source of the products that pass filters, as of one moment."""

    def matching(self, filters: Filters, among: Rows | None = None) -> Rows:
        """Return the revisions (N,) of all products that pass, or of those `among` revisions, in no order."""


_MANY = 2000  # products of which it is quicker to read all that pass


@dataclass(frozen=True, eq=False)
class Passing:
    """Products of a source that pass filters, whose words have been looked up.

    With `unless`, products pass only if none of their group passes that one.
    """

    filters: Filters
    source: PassingSource
    unless: Unless | None = None

    @cached_property
    def is_everything(self) -> bool:
        """Whether every product passes."""
        return self.filters.is_empty and self.unless is None

    @cached_property
    def having_words(self) -> Rows | None:
        """Revisions (N,) of all products that have the words of the filters, None without words."""
        words = self.filters.word_choices
        return self.source.matching(Filters(word_choices=words)) if words else None

    @cached_property
    def revisions(self) -> Rows:
        """Revisions (N,) of all products that pass, in no order."""
        revisions = self.source.matching(self.filters)
        if self.unless is None:
            return revisions
        numbers = self.unless.groups.numbers_of
        return revisions[~np.isin(numbers(revisions), numbers(self.unless.passing.revisions))]

    def among(self, revisions: Rows) -> Mask:
        """Return which (N,) of the products with these revisions pass. Without filters, those that are live."""
        if "revisions" in vars(self) or len(revisions) > _MANY:
            return np.isin(revisions, self.revisions)
        is_passing = np.isin(revisions, self.source.matching(self.filters, np.unique(revisions)))
        return is_passing if self.unless is None else is_passing & ~self.unless.has_any(revisions)


@dataclass(frozen=True, eq=False)
class Unless:
    """Products of whose groups none may pass."""

    passing: Passing
    groups: Groups

    def has_any(self, revisions: Rows) -> Mask:
        """Return whether (N,) any product passes of the group of each product with these revisions."""
        numbers = self.groups.numbers_of(revisions)
        members = self.groups.members_of(np.unique(numbers))
        return np.isin(numbers, self.groups.numbers_of(members[self.passing.among(members)]))

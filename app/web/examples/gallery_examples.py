"""The examples of one gallery, chosen again when its categories may have changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from app.catalogue.catalogue import Catalogue
from app.web.examples.category_words import read_category_words
from app.web.examples.choice import choose_kinds, phrases_of
from app.web.examples.kinds import Kind, read_kinds

_PAUSE = 60  # s between two counts of the categories, which cost time in a large gallery


class GalleryExamples:
    """Kinds of products to draw: those that a shop names, else those of the gallery's categories. Safe for threads."""

    def __init__(self, named: Sequence[str] | None = None) -> None:
        self._table = read_kinds()
        self._words = read_category_words()
        self._is_fixed = named is not None
        self._kinds = [self._table.kinds[name] for name in named or ()]
        self._lock = threading.Lock()
        self._revision = -1  # of the catalogue when it was counted
        self._counted_at = float("-inf")

    def refresh(self, catalogue: Catalogue) -> None:
        """Choose again if the catalogue has changed since, and the last count is a minute old.

        Raises the catalogue's errors.
        """
        if self._is_fixed or time.monotonic() - self._counted_at < _PAUSE:
            return
        revision = catalogue.revision()
        if revision == self._revision:
            return
        with self._lock:  # of many visitors at once, one counts
            if revision <= self._revision:
                return
            self._kinds = choose_kinds(self._table, self._words, catalogue.categories())
            self._revision, self._counted_at = revision, time.monotonic()

    @property
    def kinds(self) -> list[Kind]:
        """The kinds, as they were chosen last. Empty before that, or if no category is known."""
        return self._kinds

    def phrases(self, language: str) -> list[str]:
        """Return what to draw, as words to follow "draw"."""
        return phrases_of(self._table, self._kinds, language)

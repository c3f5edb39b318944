"""Selection of the products of a search: from the database, or from memory while that is away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import NoReturn

import numpy as np
from sqlalchemy.exc import OperationalError

from app.catalogue.product_cache import ProductCache
from app.core.arrays import Rows
from app.gallery.gallery import Gallery
from app.gallery.selection import Selection
from app.index.first_stage.index_snapshot import IndexSnapshot
from app.index.first_stage.passing import Passing
from app.products.conditions import Condition
from app.products.filters import Filters
from app.words.word_query import WordMatch


@contextmanager
def select_products(gallery: Gallery, filters: Filters, cache: ProductCache) -> Iterator[Selection]:
    """Select the products of one search, as Gallery.select() does, or as of the snapshot while the database is away.

    In the latter case, filters other than by stock and by rules raise OperationalError, and so does a product that is
    not in memory.
    """
    with ExitStack() as stack:
        error = gallery.contact.error  # if it is known, the search does not wait for the next one
        if error is None:
            try:
                selection = gallery.contact.ask(lambda: stack.enter_context(gallery.select(filters)))
            except OperationalError as failure:
                error = failure
        if error is not None:
            snapshot = gallery.snapshot
            view = _LostDatabase(error, snapshot, cache)
            passing = Passing(filters, view)
            gallery.index.prepare(passing)
            selection = Selection(snapshot, snapshot, passing, frozenset(), view)
        yield selection


@dataclass(frozen=True)
class _LostDatabase:
    """View of a database that is away: products have to be in the cache."""

    error: OperationalError
    snapshot: IndexSnapshot
    cache: ProductCache

    def matching(self, filters: Filters, among: Rows | None = None) -> Rows:
        """Return the revisions (N,) of the products that pass filters by stock and `hidden`, of all or `among` some.

        Those are in all searches of some shops. Raises the error of the last read for other filters.
        """
        live = self.snapshot.live_revisions()
        revisions = live if among is None else among
        if live is None or revisions is None or replace(filters, in_stock=False, hidden=()) != Filters():
            self._fail()
        products = self.cache.at_revisions(self, revisions.tolist())
        passing = (
            revision
            for revision, product in products.items()
            if not (filters.in_stock and product.availability == "out_of_stock")
            and not any(hidden.is_met_by(product) for hidden in filters.hidden)
        )
        return np.fromiter(passing, np.int64)

    def meeting(self, _condition: Condition) -> NoReturn:
        """Raise the error of the last read."""
        self._fail()

    def measure_words(self, _match: WordMatch) -> NoReturn:
        """Raise the error of the last read."""
        self._fail()

    def at_revisions(self, revisions: Iterable[int]) -> NoReturn:
        """Raise the error of the last read."""
        self._fail()

    def _fail(self) -> NoReturn:
        raise self.error.with_traceback(None)  # the traceback would grow with each raise

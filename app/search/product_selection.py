"""Selection of the products of a search: from the database, or from memory while that is away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from sqlalchemy.exc import OperationalError

from app.catalogue.product_cache import ProductCache
from app.gallery.gallery import Gallery
from app.gallery.selection import Selection
from app.index.snapshot import Snapshot
from app.products.filters import Filters

_IN_MEMORY = (Filters(), Filters(in_stock=True))  # the latter is in all searches of some shops


@contextmanager
def select_products(gallery: Gallery, filters: Filters, cache: ProductCache) -> Iterator[Selection]:
    """Select the products of one search, as Gallery.select() does, or as of the snapshot while the database is away.

    In the latter case, filters other than by stock raise OperationalError, and so does a product that is not in memory.
    """
    with ExitStack() as stack:
        error = gallery.contact.error  # if it is known, the search does not wait for the next one
        if error is None:
            try:
                selection = gallery.contact.ask(lambda: stack.enter_context(gallery.select(filters)))
            except OperationalError as failure:
                error = failure
        if error is not None:
            selection = _select_from_memory(gallery.snapshot, filters, cache, _LostDatabase(error))
        yield selection


@dataclass(frozen=True)
class _LostDatabase:
    """View of a database that is away: products have to be in the cache."""

    error: OperationalError

    def at_revisions(self, revisions: Iterable[int]) -> NoReturn:
        """Raise the error of the last read."""
        self.fail()

    def fail(self) -> NoReturn:
        """Raise the error of the last read."""
        raise self.error.with_traceback(None)  # the traceback would grow with each raise


def _select_from_memory(snapshot: Snapshot, filters: Filters, cache: ProductCache, view: _LostDatabase) -> Selection:
    if filters not in _IN_MEMORY:
        view.fail()
    passing = None
    if filters.in_stock:
        products = cache.at_revisions(view, snapshot.live_revisions().tolist())
        in_stock = (revision for revision, product in products.items() if product.availability != "out_of_stock")
        passing = np.fromiter(in_stock, np.int64)
    return Selection(snapshot, snapshot, passing, frozenset(), view)

"""Selection of the products of a search: from the database, or from memory while that is away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import NoReturn

from sqlalchemy.exc import OperationalError

from app.gallery.gallery import Gallery
from app.gallery.selection import Selection
from app.products.filters import Filters


@contextmanager
def select_products(gallery: Gallery, filters: Filters) -> Iterator[Selection]:
    """Select the products of one search, as Gallery.select() does, or as of the snapshot while the database is away.

    In the latter case, filters raise OperationalError, and so does a product that is not in memory.
    """
    with ExitStack() as stack:
        error = gallery.contact.error  # if it is known, the search does not wait for the next one
        if error is None:
            try:
                with gallery.contact.reading():
                    selection = stack.enter_context(gallery.select(filters))
            except OperationalError as failure:
                error = failure
        if error is not None:
            view = _LostDatabase(error)
            if not filters.is_empty:
                view.fail()
            selection = Selection(gallery.snapshot, gallery.snapshot, None, frozenset(), view)
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

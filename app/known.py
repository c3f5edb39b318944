"""Products of results that have been read before: while somebody draws, most results stay."""

from __future__ import annotations

from collections.abc import Iterable

from app.catalogue import Catalogue
from app.products import Product

_MOST = 10_000  # products that are held


class Known:
    """Products of a catalogue by their revisions, each of which names one state of one product for good.

    What was known stays known: of a product that has been replaced or deleted since, the state of that revision.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._products: dict[int, Product] = {}

    def at_revisions(self, revisions: Iterable[int]) -> dict[int, Product]:
        """Products by revision; one that is new here, and has been replaced or deleted since, is left out."""
        wanted = set(revisions)
        held = self._products
        found = {revision: held[revision] for revision in wanted if revision in held}
        if missing := wanted - found.keys():
            read = self._catalogue.at_revisions(list(missing))
            if len(held) + len(read) > _MOST:
                held = self._products = {}  # not cleared: another thread may be reading
            held |= read
            found |= read
        return found

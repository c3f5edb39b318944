"""What a search needs of an index: an unchanging view of a gallery's photos at one revision."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from app.core.arrays import Embeddings, Rows
from app.index.first_stage.groups import Groups
from app.index.first_stage.passing import Passing

SAMPLE = 1000  # photos that represent a whole gallery
LEAST = 100  # photos: in a smaller gallery the fifth nearest is far from any sketch


class MeanKey(NamedTuple):
    """Mean (D+1,) of the keys of a snapshot's sample, None for a sample of fewer than LEAST photos; its revision."""

    key: NDArray[np.float64] | None
    revision: int


class IndexSnapshot(Protocol):
    """Photos of a whole gallery at one revision, each with the number of its row. Safe to use from many threads."""

    @property
    def revision(self) -> int:
        """Revision of the catalogue."""

    @property
    def groups(self) -> Groups:
        """Groups of the products."""

    @property
    def size(self) -> int:
        """Number of products."""

    @property
    def photos(self) -> int:
        """Number of photos of these products."""

    @property
    def mean(self) -> MeanKey:
        """Mean of the keys of a sample of photos."""

    @property
    def mirrored(self) -> IndexSnapshot | None:
        """The same rows for the photos' mirror images, None unless photos are embedded both ways round."""

    @property
    def knows_deletions(self) -> bool:
        """Whether neither rows nor groups have products that have been replaced or deleted."""

    def live_revisions(self) -> Rows | None:
        """Return the revisions (N,) of all products, ascending, or None if the index does not list them."""

    def candidates(self, queries: Embeddings, n: int, passing: Passing) -> Rows:
        """Find rows (B,n) of the passing products nearest to queries (B,Q) by the search form, padded with -1.

        They are ordered nearest first, with the nearest photo of each product.
        """

    def photos_of(self, rows: Rows) -> Rows:
        """Return all rows of the products that rows (N,) belong to."""

    def rows_of(self, revisions: Rows) -> Rows:
        """Return all live rows of the products with revisions (N,), those of a product in sequence."""

    def embeddings(self, rows: Rows) -> Embeddings:
        """Return the full-precision embeddings (N,D) of rows (N,)."""

    def revisions(self, rows: Rows) -> Rows:
        """Return the revisions (N,) of rows (N,), by which the catalogue knows their products."""

    def positions(self, rows: Rows) -> Rows:
        """Return the position (N,) of each of rows (N,) among the photos of its product, from 0."""

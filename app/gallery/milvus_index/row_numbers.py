"""Numbers of rows in Milvus: of the revision of a product, and the position of a photo among the product's."""

from __future__ import annotations

from app.core.arrays import Rows
from app.products.product import MAX_PHOTOS

_POSITIONS = 32  # numbers of rows of one revision
assert MAX_PHOTOS <= _POSITIONS


def rows_at(revisions: Rows, positions: Rows) -> Rows:
    """Return the numbers (N,) of the rows of photos, by the revisions of their products and their positions."""
    return revisions * _POSITIONS + positions


def revisions_at(rows: Rows) -> Rows:
    """Return the revisions (N,) of the products that rows (N,) belong to."""
    return rows // _POSITIONS


def positions_at(rows: Rows) -> Rows:
    """Return the positions (N,) of rows (N,) among the photos of their products."""
    return rows % _POSITIONS

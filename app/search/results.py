"""Queries and results of searches."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from app.core.arrays import Embeddings
from app.database.read_limits import IsAbandoned
from app.products.filters import Filters
from app.products.product import Product
from app.products.variants import Variants
from model.preprocessing.frames import mirror_image
from model.preprocessing.images import Pixels
from model.preprocessing.picture_kind import Kind

ALL = Filters()


class UnknownProductError(KeyError):
    """Id without a product."""


@dataclass(frozen=True)
class Query:
    """Search for the k products nearest to any of several views of one sketch, among those that pass the filters.

    The products of a group are one result: the nearest of them that passes. With `variants`, each is a result. The
    group of number `left_out` is left out. Views are frames (256,256), or embeddings (V,D) where these are known.
    """

    views: list[Pixels] | Embeddings
    k: int
    filters: Filters = ALL
    variants: bool = False
    left_out: int | None = None
    is_abandoned: IsAbandoned = field(default=lambda: False, compare=False)

    @staticmethod
    def of(frame: Pixels, k: int, filters: Filters = ALL, *, mirror: bool = True, variants: bool = False) -> Query:
        """Make a query by a sketch's frame (256,256) and, with `mirror`, by its mirror image."""
        return Query([frame, mirror_image(frame)] if mirror else [frame], k, filters, variants)

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"k is {self.k}: expected at least 1")


class Result(NamedTuple):
    """Found product with its distance from the sketch (smaller is nearer; may be negative).

    Of a group, it is the nearest product that passes the filters. `variants` summarises all products of the group.
    """

    product: Product
    distance: float
    position: int  # of the nearest photo, among the product's photos
    variants: Variants

    @property
    def photo(self) -> str:
        """Name of the nearest photo, empty if it is not stored."""
        return photo_name(self.product, self.position)


class Comparison(NamedTuple):
    """Product compared with a sketch: its nearest photo, the distance of that, and whether mirroring is nearer."""

    product: Product
    distance: float
    photo: str  # its name, empty if it is not stored
    mirrored: bool


@dataclass(frozen=True)
class SearchResult:
    """Results, nearest first, with the size and revision of the gallery and the duration of each stage.

    A stage that is shared with other searches counts in full, since each of them waits for all of it.
    """

    results: list[Result]
    size: int
    revision: int
    timings_ms: dict[str, float]  # embed, candidates, rerank
    contrast: float | None  # see app/search/confidence.py
    kind: Kind = "sketch"  # of the picture in the query

    def without(self, product_id: str, k: int) -> SearchResult:
        """Return the k nearest results besides the product whose photos were the query."""
        others = [result for result in self.results if result.product.product_id != product_id]
        return replace(self, results=others[:k], kind="photo")


def photo_name(product: Product, position: int) -> str:
    """Return the name of a photo of a product, empty if it is not stored."""
    return product.photos[position].name if position < len(product.photos) else ""

"""What searches are asked and what they answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from app.core.arrays import Embeddings
from app.database.read_limits import IsAbandoned
from app.products.filters import Filters
from app.products.product import Product
from model.preprocessing.frames import mirror_image
from model.preprocessing.images import Pixels
from model.preprocessing.picture_kind import Kind

ALL = Filters()


class UnknownProductError(KeyError):
    """There is no product of that id."""


@dataclass(frozen=True)
class Query:
    """Views of one thing, and how many of the products that are near to any of them, and pass, are wanted.

    Views are frames (256,256), or embeddings (V,D) where these are known.
    """

    views: list[Pixels] | Embeddings
    k: int
    filters: Filters = ALL
    is_abandoned: IsAbandoned = field(default=lambda: False, compare=False)

    @staticmethod
    def of(frame: Pixels, k: int, filters: Filters = ALL, mirror: bool = True) -> Query:
        """A query by a sketch's frame (256,256) and, with `mirror`, by its mirror image."""
        return Query([frame, mirror_image(frame)] if mirror else [frame], k, filters)

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"k is {self.k}: expected at least 1")


class Result(NamedTuple):
    """A product that was found, and its distance from the sketch (smaller is nearer; may be negative)."""

    product: Product
    distance: float
    position: int  # of the photo that is nearest, among the product's photos

    @property
    def photo(self) -> str:
        """The name of the photo that is nearest; empty when it is not kept."""
        return photo_name(self.product, self.position)


class Comparison(NamedTuple):
    """A product beside a sketch: how far its nearest photo is, which that is, and whether it is nearer mirrored."""

    product: Product
    distance: float
    photo: str  # its name; empty when it is not kept
    mirrored: bool


@dataclass(frozen=True)
class SearchResult:
    """Results, nearest first, the gallery they were found in, and how long each stage took.

    Stages that were shared with other searches count in full: that long it was waited for them.
    """

    results: list[Result]
    size: int
    revision: int
    timings_ms: dict[str, float]  # embed, candidates, rerank
    contrast: float | None  # see app/search/confidence.py
    kind: Kind = "sketch"  # what was searched by

    def without(self, product_id: str, k: int) -> SearchResult:
        """The k nearest besides a product that was searched by its own photos."""
        others = [result for result in self.results if result.product.product_id != product_id]
        return replace(self, results=others[:k], kind="photo")


def photo_name(product: Product, position: int) -> str:
    """The name of one of a product's photos; empty when it is not kept."""
    return product.photos[position].name if position < len(product.photos) else ""

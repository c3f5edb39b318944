"""Queries and results of searches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from app.colours.shares import ColorShare
from app.core.arrays import Embeddings
from app.database.read_limits import IsAbandoned
from app.products.filters import Filters
from app.products.product import Product
from app.products.variants import VariantPrices, Variants
from app.rules.rule import NO_RULES, ActiveRules, Rule
from app.search.confidence import is_confident
from app.words.word_query import WordMatch
from model.preprocessing.frames import mirror_image
from model.preprocessing.images import Pixels
from model.preprocessing.object_cutout import PhotoObject
from model.preprocessing.picture_kind import Kind

ALL = Filters()
MOST_LISTED = 500  # results of a list by likeness, over all pages
MOST_SORTED = 48  # results of a list by price: more would bring products to the top that are hardly alike

Sort = Literal["likeness", "price_asc", "price_desc"]
"""Order of results: nearest first, or the MOST_SORTED nearest by their lowest price."""


QueryKind = Literal[Kind, "words"]
"""Kind of the picture of a query, or words alone."""


class UnknownProductError(KeyError):
    """Id without a product."""


@dataclass(frozen=True)
class Listing:
    """Order of a list of results, and the place in it from which results are returned.

    With `out_of_stock_last`, results without a passing variant in stock follow all others.
    """

    sort: Sort = "likeness"
    start: int = 0
    out_of_stock_last: bool = False


NEAREST = Listing()


@dataclass(frozen=True)
class Query:
    """Search for the k products nearest to any of several views of one sketch, among those that pass the filters.

    The products of a group are one result: the nearest of them that passes. With `variants`, each is a result. The
    group of number `left_out` is left out, and so is the product of id `own`. Views are frames (256,256), or embeddings
    (V,D) where these are known; mirror images of frames count too if `mirror` is set. Another `listing` returns k
    results of another order, or from another place on. Without views, the products that have the words of the filters
    best are the nearest.
    """

    views: list[Pixels] | Embeddings
    k: int
    filters: Filters = ALL
    variants: bool = False
    left_out: int | None = None
    own: str | None = None
    listing: Listing = NEAREST
    drawn: tuple[ColorShare, ...] = ()  # colours that the results should have
    rules: ActiveRules = NO_RULES
    pins: tuple[tuple[Rule, int], ...] = ()  # of the list, with their positions, ascending; only without views
    is_abandoned: IsAbandoned = field(default=lambda: False, compare=False)
    mirror: bool = False

    @staticmethod
    def of(frame: Pixels, k: int, filters: Filters = ALL, *, mirror: bool = True, variants: bool = False) -> Query:
        """Make a query by a sketch's frame (256,256)."""
        return Query([frame], k, filters, variants, mirror=mirror)

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"k is {self.k}: expected at least 1")

    def frames(self, *, is_mirrored: bool) -> list[Pixels]:
        """Return the frames to embed: those of the views that have no embeddings and, by `mirror`, their mirror images.

        The latter are left out if the gallery `is_mirrored`, since the photos' mirror images take their place.
        """
        if not isinstance(self.views, list):
            return []
        return [*self.views, *map(mirror_image, self.views)] if self.mirror and not is_mirrored else self.views

    @property
    def is_by_words(self) -> bool:
        """Whether the query has words alone."""
        return len(self.views) == 0

    @property
    def reach(self) -> int:
        """Number of the nearest results to find: those to return and before, and one to tell whether more follow."""
        return MOST_SORTED if self.listing.sort != "likeness" else self.listing.start + self.k + 1

    @property
    def depth(self) -> int:
        """Number of candidates that the list needs at least. All pages but the first have the same.

        An approximate index could find other candidates at another depth, which would be repeats or gaps. With colours
        or rules, all pages have the same, since a candidate that is far by its lines alone may be among the first.
        """
        is_shifted = bool(self.drawn) or self.rules.has_moves
        is_deep = is_shifted or (self.listing.start > 0 and self.listing.sort == "likeness")
        return max(self.reach, MOST_LISTED + 1) if is_deep else self.reach


class Views(NamedTuple):
    """Embeddings (V,D) of a query's views, and the number of sides of photos that each is compared with.

    The first side is the photos, the second one their mirror images.
    """

    embeddings: Embeddings
    sides: int


class Result(NamedTuple):
    """Found product with its distance from the sketch (smaller is nearer; may be negative).

    Of a group, it is the nearest product that passes the filters. `variants` summarises all products of the group.
    `in_stock` tells whether any of those that pass is not out of stock.
    """

    product: Product
    distance: float
    position: int  # of the nearest photo, among the product's photos
    variants: Variants
    in_stock: bool
    pin: Rule | None = None  # that has put it at its place

    @property
    def prices(self) -> VariantPrices | None:
        """Prices in the product's currency, else in the first of its variants; None if no variant has a price."""
        ranges = self.variants.prices
        own = (prices for prices in ranges if prices.currency == self.product.currency)
        return next(own, ranges[0] if ranges else None)

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
class Page:
    """Place of results in their list, with fingerprints of the results before it, and through its end."""

    start: int
    before: bytes
    through: bytes
    is_last: bool


class Explanation(NamedTuple):
    """Rules that acted on a result, and what it would be without rules.

    `rank` is None beyond the end of a list without rules.
    """

    rules: tuple[Rule, ...]
    rank: int | None
    distance: float | None


@dataclass(frozen=True)
class SearchResult:
    """Results in their order, with the size and revision of the gallery and the duration of each stage.

    A stage that is shared with other searches counts in full, since each of them waits for all of it.
    """

    results: list[Result]
    size: int
    revision: int
    timings_ms: dict[str, float]  # embed, candidates, rerank
    contrast: float | None  # see app/search/confidence.py
    max_contrast: float  # of the checkpoint: the server is confident of answers up to it
    page: Page
    kind: QueryKind = "sketch"
    object: PhotoObject | None = None  # what was searched of a photo
    words: WordMatch | None = None  # what became of the words of the filters
    explanations: tuple[Explanation, ...] | None = None  # of the results, if asked for
    next: str | None = None  # cursor of the next page; None at the end of the list
    checkpoint: str = ""  # the first digits of the SHA-256 of the one that searched
    ticket: str | None = None  # see app/analytics/search_ticket.py; None if nothing is counted

    @property
    def is_confident(self) -> bool:
        """Whether the results may be like the sketch, or like the object in a photo."""
        is_guess = self.object is not None and self.object.is_guessed
        return is_confident(self.contrast, self.max_contrast, is_guess=is_guess)


def photo_name(product: Product, position: int) -> str:
    """Return the name of a photo of a product, empty if it is not stored."""
    return product.photos[position].name if position < len(product.photos) else ""

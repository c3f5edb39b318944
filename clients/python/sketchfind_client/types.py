"""JSON that is sent and received, as typed dictionaries. Answers keep any further fields that the server sends."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal, NotRequired, TypedDict

from sketchfind_client.event_types import Event as Event
from sketchfind_client.event_types import EventReceipt as EventReceipt
from sketchfind_client.states import Health as Health
from sketchfind_client.states import Import as Import
from sketchfind_client.states import ImportPage as ImportPage
from sketchfind_client.states import Problem as Problem
from sketchfind_client.states import Readiness as Readiness
from sketchfind_client.write_types import Deletion as Deletion
from sketchfind_client.write_types import Deletions as Deletions
from sketchfind_client.write_types import PatchReport as PatchReport
from sketchfind_client.write_types import ProductChanges as ProductChanges
from sketchfind_client.write_types import ProductFields as ProductFields
from sketchfind_client.write_types import ProductPatch as ProductPatch
from sketchfind_client.write_types import Values as Values

Kind = Literal["sketch", "photo", "words"]
RequestedKind = Literal["auto", "sketch", "photo"]
Sort = Literal["likeness", "price_asc", "price_desc"]
Picture = bytes | str | os.PathLike[str]
"""Bytes of an image file, or its path."""
Crop = tuple[float, float, float, float]
"""Left, upper, right and lower edge of a box in a photo, as fractions of the photo's width and height."""


class Strokes(TypedDict):
    """Sketch as strokes of points [x, y] or [x, y, pressure] on a canvas, y down, in the canvas's unit.

    `colors` has the colour of each stroke as '#rrggbb', None for ink; products of these colours come first.
    """

    width: float
    height: float
    strokes: Sequence[Sequence[Sequence[float]]]
    colors: NotRequired[Sequence[str | None]]


Sketch = Strokes | Picture


class Filters(TypedDict, total=False):
    """Conditions that products have to meet. A filter of None is left out.

    `q` has words that products must have. With `variants`, each variant of a product is a result of its own. `sort` is
    the order of the results. `cursor` is the `next` of an answer to the same search, and returns the results after it.
    `lang` is the language of titles, descriptions, links and labels, as far as products have texts in it.
    """

    q: str | None
    category: str | None
    color: Values
    brand: Values
    gender: Values
    size: Values
    attribute: Values
    in_stock: bool | None
    min_price: float | str | None
    max_price: float | str | None
    currency: str | None
    variants: bool | None
    sort: Sort | None
    cursor: str | None
    lang: str | None


class SimilarOptions(Filters, total=False):
    """Filters, and the random id of the shopper's `session`, 32 hexadecimal digits: that of its events."""

    session: str | None


class SearchOptions(SimilarOptions, total=False):
    """Filters, and how a sketch is read: `kind` of an image, and whether its `mirror` image counts, which it does.

    Products of the colours `paint` come first, '#rrggbb' or a name; by default, of those of the strokes. `crop` is the
    box around the object in a photo; by default, the server guesses it.
    """

    kind: RequestedKind | None
    mirror: bool | None
    paint: Values
    crop: Crop | None


class ProductSummary(TypedDict):
    """Fields that results and products share. `photo_url` and `thumbnail_url` are paths on the server."""

    product_id: str
    title: str
    category: str | None
    category_label: str | None
    price: float | None
    currency: str | None
    regular_price: float | None
    brand: str | None
    link: str | None
    photo_url: str | None
    thumbnail_url: str | None
    photo_urls: list[str]


class VariantPrices(TypedDict):
    """Lowest and highest price of variants in one currency."""

    currency: str | None
    min: float
    max: float
    regular: float | None


class Result(ProductSummary):
    """Product in the results of a search. The fields from `group_id` to `availability` are of all its variants."""

    group_id: str | None
    variants: int
    sizes: list[str]
    colors: list[str]
    color_labels: list[str]
    prices: list[VariantPrices]
    availability: str | None
    in_stock: bool
    description: str | None
    rank: int
    distance: float


class Gallery(TypedDict):
    """Number of products and revision of the searched gallery."""

    size: int
    revision: int


class CorrectedWord(TypedDict):
    """Word that no product has, and the words that were taken in its place."""

    word: str
    taken_for: list[str]


class Words(TypedDict):
    """What became of the words of a search: those that were corrected, and those that were left out."""

    corrected: list[CorrectedWord]
    dropped: list[str]


class PhotoObject(TypedDict):
    """Box around the object that was searched in a photo, in the order of a crop. `guessed`: the server guessed it."""

    left: float
    top: float
    right: float
    bottom: float
    guessed: bool


class SearchAnswer(TypedDict):
    """Results in their order. `timings_ms` has the duration of each stage, `next` the cursor of the next page.

    `words` is None without words, `object` for anything but a photo, and `search_id` unless the server counts events.
    """

    results: list[Result]
    gallery: Gallery
    timings_ms: dict[str, float]
    kind: Kind
    object: PhotoObject | None
    confident: bool
    next: str | None
    words: Words | None
    checkpoint: str
    search_id: str | None


class Attribute(TypedDict):
    """Further property of a product."""

    name: str
    value: str


class Texts(TypedDict):
    """Texts of a product in a language."""

    title: str | None
    category: str | None
    description: str | None
    color: str | None
    link: str | None


class Product(ProductSummary):
    """Product of the gallery, as lists have it. `translations` has its texts by language."""

    color: str | None
    color_label: str | None
    gender: str | None
    size: str | None
    size_system: str | None
    size_type: str | None
    group_id: str | None
    availability: str | None
    description: str | None
    attributes: list[Attribute]
    translations: dict[str, Texts]


class ProductPage(TypedDict):
    """Page of products. `next` is the `after` of the next page, and None on the last."""

    products: list[Product]
    next: str | None


class ProductDetails(Product):
    """Product with the size of its photo in px."""

    photo_width: int | None
    photo_height: int | None

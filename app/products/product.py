"""Products and their photos."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from app.colours.shares import ColorShare, main_names
from app.core.error_text import cut, truncate
from app.products.languages.labels import Label, find_labels
from app.products.languages.translations import (
    Translation,
    find_text,
    join_name,
    normalise_translations,
    replace_languages,
)
from app.products.sizes import size_labels
from app.products.text_keys import attribute_name, category_path, collapse_spaces, color_names, comparison_key

AVAILABILITIES = ("in_stock", "out_of_stock", "preorder", "backorder")
MAX_PHOTOS = 20
MAX_TEXT = 2000  # characters of a text such as the title
PRICE_PLACES = 4  # decimals of a stored price

_MAX_ID = 512  # characters
_MAX_PRICE = Decimal(10) ** 12  # in any currency; keeps prices well inside a 64-bit column
_MAX_DESCRIPTION = 10_000
_MAX_ATTRIBUTES = 100
_MAX_NAME = 100  # characters of an attribute's name
_MAX_VALUE = 1000
_NOT_IN_IDS = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff]")  # control characters, and halves of surrogate pairs
_NOT_IN_TEXTS = re.compile("[\0\ud800-\udfff]")
CUSTOM_LABELS = tuple(f"custom_label_{number}" for number in range(5))
"""Google's fields for values of the shop's own."""

_TEXTS = ("title", "category", "currency", "link", "color", "gender", "brand", "size", "size_system", "size_type")
_CHECKED_TEXTS = (*_TEXTS, *CUSTOM_LABELS, "cost_of_goods_sold")
_TRAIT_FIELDS = ("color", "measured_colors", "brand", "gender", "size", "size_system", "size_type", "attributes")
_TRAITS = ("color", "brand", "gender", "size")
_TAKEN = (
    *("product_id", "title", "category", "currency", "link", "color", "gender", "brand", "size"),
    *("price", "availability", "description", "attributes", "photos", "revision"),
)


@dataclass(frozen=True)
class Photo:
    """One of a product's photos."""

    name: str  # SHA-256 of the stored WebP file, which has this name
    source: str  # SHA-256 of the photo's original bytes
    link: str = ""  # the photo's address in the feed
    colors: tuple[ColorShare, ...] | None = None  # of the product on it, measured; None until they are


@dataclass(frozen=True)
class Product:
    """A product as the catalogue records it. Raises ValueError for values that cannot be recorded."""

    product_id: str
    title: str
    category: str | None = None  # a path such as "Shoes > Boots"
    price: Decimal | None = None
    currency: str | None = None  # ISO 4217, such as "EUR"
    link: str | None = None
    color: str | None = None  # or several: "Black/Red"
    gender: str | None = None
    brand: str | None = None
    size: str | None = None  # or several: "41 / 42"
    size_system: str | None = None  # such as "EU"; sizes of different systems are different sizes
    size_type: str | None = None  # such as "tall"; likewise
    group_id: str | None = None  # common to the variants of one product, such as the sizes of a shoe
    availability: str | None = None  # one of AVAILABILITIES
    description: str | None = None
    # private to the shop: rules read them, answers never have them
    custom_label_0: str | None = None
    custom_label_1: str | None = None
    custom_label_2: str | None = None
    custom_label_3: str | None = None
    custom_label_4: str | None = None
    cost_of_goods_sold: str | None = None  # a price as feeds spell it, "30.00 EUR"
    attributes: tuple[tuple[str, str], ...] = ()  # any other names and values, sorted, the names in lower case
    translations: tuple[Translation, ...] = ()  # texts in further languages, sorted
    photos: tuple[Photo, ...] = ()  # the first one is shown; searches rank by the nearest one
    revision: int = 0  # set by the catalogue when it stores the product

    def __post_init__(self) -> None:
        object.__setattr__(self, "category", category_path(self.category))
        object.__setattr__(self, "currency", self.currency.upper() if self.currency else None)
        object.__setattr__(self, "size_system", collapse_spaces(self.size_system).upper() or None)
        object.__setattr__(self, "size_type", collapse_spaces(self.size_type).lower() or None)
        object.__setattr__(self, "group_id", collapse_spaces(self.group_id) or None)
        for label in CUSTOM_LABELS:  # they are only compared, so their keys suffice
            if (text := getattr(self, label)) is not None:
                object.__setattr__(self, label, comparison_key(text) or None)
        object.__setattr__(self, "cost_of_goods_sold", collapse_spaces(self.cost_of_goods_sold) or None)
        object.__setattr__(self, "attributes", _normalise_attributes(self.attributes))
        name = self.product_id
        if not name.strip() or len(name) > _MAX_ID or _NOT_IN_IDS.search(name):
            raise ValueError(
                f"product id {truncate(name)} is not usable: expected 1 to {_MAX_ID} characters, no control characters"
            )
        object.__setattr__(self, "price", _normalise_price(self.price))
        if self.availability not in (None, *AVAILABILITIES):
            expected = f"expected {', '.join(AVAILABILITIES)}"
            raise ValueError(f"availability {truncate(self.availability)} is unknown: {expected}")
        for kind in _CHECKED_TEXTS:
            if (text := getattr(self, kind)) is not None:
                _check_text(kind, text, MAX_TEXT)
        _check_text("group_id", self.group_id, _MAX_ID)
        _check_text("description", self.description, _MAX_DESCRIPTION)
        if self.translations:
            object.__setattr__(self, "translations", normalise_translations(self.translations))
        for language, field, text in self.translations:
            _check_text(join_name(language, field), text, _MAX_DESCRIPTION if field == "description" else MAX_TEXT)
        if len(self.photos) > MAX_PHOTOS:
            raise ValueError(f"product {truncate(name)} has {len(self.photos)} photos: expected at most {MAX_PHOTOS}")
        for photo in self.photos:
            _check_text("a photo's link", photo.link, MAX_TEXT)

    @property
    def photo(self) -> str:
        """The name of the photo that is shown; empty if there is none."""
        return self.photos[0].name if self.photos else ""

    @property
    def colors(self) -> list[str]:
        """All colours of the product: those of the feed, else the names of the measured ones."""
        return color_names(self.color) or [*main_names(self.measured_colors or ())]

    @property
    def measured_colors(self) -> tuple[ColorShare, ...] | None:
        """The colours measured on the photo that is shown, the largest share first; None if there are none."""
        return self.photos[0].colors if self.photos else None

    @property
    def sizes(self) -> list[str]:
        """All sizes of the product, each with its system and type."""
        return size_labels(self.size, self.size_system, self.size_type)

    def text(self, field: str, language: str | None) -> str | None:
        """Return the text of a field in the best language for a wanted one, its own text if there is none."""
        text = find_text(self.translations, field, language) if language and self.translations else None
        return text or getattr(self, field)

    def labels(self) -> set[Label]:
        """Return the labels that the translations give to the product's category and colours."""
        return find_labels(self.category, self.color, self.translations) if self.translations else set()

    def with_languages_of(self, old: Product | None) -> Product:
        """Return the product with those translations of an older state of it whose languages it lacks."""
        if old is None or not old.translations:
            return self
        given = {(language, field): text for language, field, text in self.translations}
        return replace(self, translations=replace_languages(old.translations, given))

    def with_revision(self, revision: int) -> Product:
        """Return the same product at a revision. Its values are not checked again."""
        product = copy.copy(self)
        object.__setattr__(product, "revision", revision)
        return product

    def has_same_traits(self, other: Product) -> bool:
        """Return whether the fields from which traits() derives are those of another product."""
        return all(getattr(self, name) == getattr(other, name) for name in _TRAIT_FIELDS)

    def traits(self) -> Iterator[tuple[str, str]]:
        """Return the names and values by which the product is filtered and counted, without repeats."""
        names = dict.fromkeys((*_TRAITS, *(name for name, _ in self.attributes)))
        values = ((name, value) for name in names for value in self.trait_values(name))
        distinct = {(name, comparison_key(value)): collapse_spaces(value) for name, value in values}
        return ((name, value) for (name, _), value in distinct.items() if value)

    def trait_values(self, name: str) -> list[str]:
        """Return the values of one trait: of a field, or of the attributes of that name."""
        if name == "color":
            return self.colors
        if name == "size":
            return self.sizes
        if name in _TRAITS:
            return [getattr(self, name) or ""]
        return [value for other, value in self.attributes if other == name]


def _normalise_price(price: Decimal | None) -> Decimal | None:
    """Round a price as the catalogue stores it, so that a written price equals the price that is read."""
    if price is None:
        return None
    if not (price.is_finite() and 0 <= price < _MAX_PRICE and (rounded := round(price, PRICE_PLACES)) < _MAX_PRICE):
        raise ValueError(f"price {cut(str(price))} is not usable: expected a number from 0 to {_MAX_PRICE:,}")
    return price if price == rounded else rounded  # 59.90 stays 59.90


def _normalise_attributes(pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Normalise attributes. Raises ValueError for unusable ones."""
    if len(pairs) > _MAX_ATTRIBUTES:
        raise ValueError(f"there are {len(pairs)} attributes: expected at most {_MAX_ATTRIBUTES}")
    for name, value in pairs:
        plain = attribute_name(name)
        if not 0 < len(plain) <= _MAX_NAME or ":" in plain:
            raise ValueError(
                f"attribute {truncate(name)} is not usable: expected 1 to {_MAX_NAME} characters, no colon"
            )
        if plain in _TAKEN:
            raise ValueError(
                f"attribute {truncate(plain)} is not usable: expected a name other than a product's fields"
            )
        if not value.strip():
            raise ValueError(f"attribute {truncate(plain)} is empty: expected a value")
        kind = f"attribute {truncate(plain)}"
        _check_text(kind, plain, _MAX_NAME)
        _check_text(kind, value, _MAX_VALUE)
    return tuple(sorted({(attribute_name(name), value.strip()) for name, value in pairs}))


def _check_text(kind: str, text: str | None, most: int) -> None:
    """Check a text. Raises ValueError if it is too long, or has characters that databases reject."""
    if text is None:
        return
    if len(text) > most:
        raise ValueError(f"{kind} has {len(text):,} characters: expected at most {most:,}")
    if _NOT_IN_TEXTS.search(text):
        raise ValueError(f"{kind} {truncate(text)} is not usable: expected Unicode characters other than NUL")

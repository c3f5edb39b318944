"""The words by which a product is found."""

from __future__ import annotations

from collections.abc import Iterator

from app.colours.color_words import COLOR_WORDS
from app.products.product import Product
from app.words.tokens import Token, tokens

TITLE, KIND, ATTRIBUTE, DESCRIPTION = range(4)
"""Places of words in a product, the most telling first."""


def words_of(product: Product) -> dict[Token, int]:
    """Return the words of a product, each with its most telling place. A word has one spelling."""
    places: dict[str, tuple[Token, int]] = {}
    for place, text in _texts(product):
        for token in tokens(text):
            places.setdefault(token.key, (token, place))
    return dict(places.values())


def has_same_words(product: Product, other: Product) -> bool:
    """Return whether the texts from which words_of() derives are those of another product."""
    return list(_texts(product)) == list(_texts(other))


def _texts(product: Product) -> Iterator[tuple[int, str]]:
    """Yield the texts with their places, the most telling first."""
    yield TITLE, product.title
    for text in (product.brand, product.category, product.color or _measured_colors(product), product.gender):
        yield KIND, text or ""
    for _, value in product.attributes:
        yield ATTRIBUTE, value
    yield DESCRIPTION, product.description or ""


def _measured_colors(product: Product) -> str:
    """Return the names of the measured colours in all languages; they are of products whose feed has none."""
    return " ".join(word for name in product.colors for word in COLOR_WORDS[name])

"""The words by which a product is found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from app.colours.color_words import COLOR_WORDS
from app.products.product import Product
from app.words.tokens import Token, tokens
from app.words.word_languages import OWN, bit_of

TITLE, KIND, ATTRIBUTE, DESCRIPTION = range(4)
"""Places of words in a product, the most telling first."""

_TRANSLATED = {"title": TITLE, "category": KIND, "color": KIND, "description": DESCRIPTION}


class WordUse(NamedTuple):
    """Most telling place of a word in a product, and the languages of all texts that have it, as bits."""

    place: int
    languages: int


def words_of(product: Product) -> dict[Token, WordUse]:
    """Return the words of a product, in all of its languages. A word has one spelling."""
    spelled: dict[str, Token] = {}
    uses: dict[str, WordUse] = {}
    for place, language, text in sorted(_texts(product), key=_place) if product.translations else _texts(product):
        for token in tokens(text):
            use = uses.get(token.key)
            if use is None:
                spelled[token.key], uses[token.key] = token, WordUse(place, language)
            elif use.languages | language != use.languages:
                uses[token.key] = WordUse(use.place, use.languages | language)
    return {spelled[key]: use for key, use in uses.items()}


def has_same_words(product: Product, other: Product) -> bool:
    """Return whether the texts from which words_of() derives are those of another product."""
    return product.translations == other.translations and list(_texts(product)) == list(_texts(other))


def _texts(product: Product) -> Iterator[tuple[int, int, str]]:
    """Yield the texts with their places and languages: the product's own ones, then its translations."""
    yield TITLE, OWN, product.title
    for text in (product.brand, product.category, product.color or _measured_colors(product), product.gender):
        yield KIND, OWN, text or ""
    for _, value in product.attributes:
        yield ATTRIBUTE, OWN, value
    yield DESCRIPTION, OWN, product.description or ""
    for language, field, text in product.translations:
        if field in _TRANSLATED:
            yield _TRANSLATED[field], bit_of(language), text


def _place(text: tuple[int, int, str]) -> int:
    return text[0]


def _measured_colors(product: Product) -> str:
    """Return the names of the measured colours in all languages; they are of products whose feed has none."""
    return " ".join(word for name in product.colors for word in COLOR_WORDS[name])

"""The search by words as a plain loop over the products, for tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from app.products.product import Product
from app.words.stemming import Language, is_stop_word, stem
from app.words.tokens import tokens
from app.words.typos import distance, max_typos


def texts_of(product: Product) -> list[str]:
    """Return the texts by which a product is found: title, then kind, then attributes, then description."""
    kind = " / ".join(text or "" for text in (product.brand, product.category, product.color, product.gender))
    return [product.title, kind, " / ".join(value for _, value in product.attributes), product.description or ""]


def keys_of(product: Product) -> set[str]:
    """Return the keys of a product's words."""
    return {token.key for text in texts_of(product) for token in tokens(text)}


class WordLoop:
    """Search by words in a list of products."""

    def __init__(self, products: Sequence[Product], language: Language | None) -> None:
        self._language = language
        self._keys = {product.product_id: keys_of(product) for product in products}
        self._counts = Counter(key for keys in self._keys.values() for key in keys)
        self.corrected: dict[str, list[str]] = {}
        self.dropped: list[str] = []

    def passing(self, text: str) -> set[str]:
        """Return the ids of the products that have all words, and record which are corrected and dropped."""
        self.corrected, self.dropped = {}, []
        keys = list(dict.fromkeys(token.key for token in tokens(text)))
        keys = [key for key in keys if not is_stop_word(key, self._language)] or keys
        passing = self._keys
        for key in keys:
            is_open = key == keys[-1] and not text.endswith(" ")
            wanted = self._forms(key, is_open=is_open)
            if not wanted and (wanted := self._meanings(key, is_open=is_open)):
                self.corrected[key] = wanted
            if wanted:
                passing = {name: words for name, words in passing.items() if words.intersection(wanted)}
            else:
                self.dropped.append(key)
        return set(passing)

    def _forms(self, key: str, *, is_open: bool) -> list[str]:
        def is_form(word: str) -> bool:
            has_stem = len(key) >= 3 and stem(word, self._language) == stem(key, self._language)
            return word == key or has_stem or (is_open and word.startswith(key))

        return [word for word in self._counts if is_form(word)]

    def _meanings(self, key: str, *, is_open: bool) -> list[str]:
        for is_prefix in (False, True) if is_open else (False,):
            distances = {word: distance(key, word, is_prefix=is_prefix) for word in self._candidates(key)}
            nearest = min(distances.values(), default=3)
            if nearest <= max_typos(key):
                alike = [word for word, count in distances.items() if count == nearest]
                alike = [word for word in alike if word[0] == key[0]] or alike
                return sorted(alike, key=lambda word: (-self._counts[word], word))[:5]
        return []

    def _candidates(self, key: str) -> Iterable[str]:
        """Return the words that a typing error can mean: of letters only, and at least three."""
        if not max_typos(key):
            return []
        return [word for word in self._counts if len(word) >= 3 and word.isalpha() and word.isascii()]

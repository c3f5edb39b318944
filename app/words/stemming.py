"""Stems: the part of a word that its forms share, such as singular and plural.

Snowball finds them. Words are keys of app/words/tokens.py, without diacritics, so a few endings are added to its own:
French "brodée" is "brodee" here, for example.
"""

from __future__ import annotations

from functools import lru_cache
from os.path import commonprefix
from typing import Literal

import snowballstemmer

Language = Literal["de", "en", "es", "fr", "it"]

_ALGORITHMS: dict[Language, str] = {"de": "german", "en": "english", "es": "spanish", "fr": "french", "it": "italian"}
_LEAST = 3  # letters of a stem
_MOST_STEMS = 100_000  # in the cache; about 20 MB

# endings and their replacements, of which the first that fits is taken
_BEFORE: dict[Language, tuple[tuple[str, str], ...]] = {
    "es": (("ces", "z"),),  # luces, luz
    "fr": (("ees", "e"), ("ee", "e")),  # brodées, brodée, brodé
}
_AFTER: dict[Language, tuple[tuple[str, str], ...]] = {
    "de": (("s", ""),),  # Sofas, Sofa
    "es": (("ar", ""), ("er", "")),  # mujeres, mujer, which is taken for an infinitive
    "fr": (("s", ""),),  # bleus, bleu
}

_ARTICLES_AND_THE_LIKE: dict[Language, str] = {
    "de": "am an auf aus bei das dem den der des die ein eine einem einen einer fur im in mit oder und von vom zu zur",
    "en": "a an and at by for from in of on or the to with",
    "es": "a al con de del el en la las los o para por un una unos unas y",
    "fr": "a au aux avec d dans de des du en et l la le les ou par pour sur un une",
    "it": "a al alla con d da dal dalla dei del della delle di e gli i il in l la le lo o per un una uno",
}
_STOP_WORDS = {language: frozenset(words.split()) for language, words in _ARTICLES_AND_THE_LIKE.items()}


@lru_cache(_MOST_STEMS)
def stem(word: str, language: Language | None) -> str:
    """Return the stem of a word. Without a language, or if the word is short, it is the word itself."""
    if language is None or len(word) < _LEAST:
        return word
    snowball = snowballstemmer.stemmer(_ALGORITHMS[language])  # a new one, since threads cannot share it
    return _replace_ending(snowball.stemWord(_replace_ending(word, _BEFORE, language)), _AFTER, language)


def common_beginning(word: str, language: Language) -> str:
    """Return a beginning that the words with the stem of a word have: they differ in the last letters of the stem.

    Spellings such as "moebel" for "möbel" may begin otherwise.
    """
    shared = commonprefix([word, stem(word, language)])  # noqa: RUF071 - these are no paths
    return shared[: max(2, len(shared) - 2)]


def is_stop_word(word: str, language: Language | None) -> bool:
    """Return whether a word of the language, such as "the", says nothing about a product."""
    return language is not None and word in _STOP_WORDS[language]


def _replace_ending(word: str, endings: dict[Language, tuple[tuple[str, str], ...]], language: Language) -> str:
    for ending, replacement in endings.get(language, ()):
        rest = word.removesuffix(ending)
        if rest != word and len(rest + replacement) >= _LEAST:
            return rest + replacement
    return word

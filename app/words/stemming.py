"""Stems: the part of a word that its forms share, such as singular and plural.

The rules are those of light stemmers (Harman's for English, Savoy's for the others): they remove the endings of plural,
gender and case, and leave derived words alone. Words are keys of app/words/tokens.py, without diacritics.
"""

from __future__ import annotations

from typing import Literal

Language = Literal["de", "en", "es", "fr", "it"]

_LEAST = 3  # letters of a stem
_Step = tuple[tuple[str, str], ...]  # endings and their replacements; the first that fits is taken

# an ending that is replaced by itself protects a word from the endings after it
_STEPS: dict[Language, tuple[_Step, ...]] = {
    "de": (
        (*((ending, "") for ending in ("ern", "en", "em", "er", "es")), ("ln", "l"), ("e", "")),
        (("ss", "ss"), ("s", "")),
    ),
    "en": (
        (
            *(("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("xes", "x"), ("zes", "z")),
            *((protected, protected) for protected in ("us", "ss", "is")),
            ("s", ""),
        ),
    ),
    "es": ((("ces", "z"), *((ending, "") for ending in ("as", "es", "os", "a", "e", "o"))),),
    "fr": (
        (("eaux", "eau"), ("aux", "al"), ("is", "is"), ("s", ""), ("x", "")),
        (("ee", ""), ("e", "")),
        tuple((2 * letter, letter) for letter in "lnst"),
    ),
    "it": (
        (
            *((plural, plural[0]) for plural in ("che", "chi", "ghe", "ghi")),
            *((ending, "") for ending in ("ia", "ie", "ii", "io", "a", "e", "i", "o")),
        ),
    ),
}

_ARTICLES_AND_THE_LIKE: dict[Language, str] = {
    "de": "am an auf aus bei das dem den der des die ein eine einem einen einer fur im in mit oder und von vom zu zur",
    "en": "a an and at by for from in of on or the to with",
    "es": "a al con de del el en la las los o para por un una unos unas y",
    "fr": "a au aux avec d dans de des du en et l la le les ou par pour sur un une",
    "it": "a al alla con d da dal dalla dei del della delle di e gli i il in l la le lo o per un una uno",
}
_STOP_WORDS = {language: frozenset(words.split()) for language, words in _ARTICLES_AND_THE_LIKE.items()}


def stem(word: str, language: Language | None) -> str:
    """Return the stem of a word. Without a language, it is the word itself."""
    for step in _STEPS[language] if language else ():
        word = _apply(step, word)
    return word


def common_beginning(word: str, language: Language) -> str:
    """Return a beginning that all words with the stem of a word have: they differ from the stem in its last letter."""
    return stem(word, language)[:-1]


def is_stop_word(word: str, language: Language | None) -> bool:
    """Return whether a word of the language, such as "the", says nothing about a product."""
    return language is not None and word in _STOP_WORDS[language]


def _apply(step: _Step, word: str) -> str:
    for ending, replacement in step:
        rest = word.removesuffix(ending)
        if rest != word and len(rest + replacement) >= _LEAST:
            return rest + replacement
    return word

"""Compounds: words that German makes of two others, such as "Wildlederschuhe".

A compound of a word ends with one of its forms, or begins with one and goes on with a known word. Each of its two parts
has at least four letters: in "Etikette" there is no "Kette".
"""

from __future__ import annotations

from collections.abc import Iterator

from app.words.stemming import Language, stem

LEAST_PART = 4  # letters
_ENDINGS = ("", "e", "en", "er", "ern", "es", "n", "s")  # of a form after its stem


def has_compounds(word: str, language: Language | None) -> bool:
    """Return whether there can be compounds of a word."""
    return language == "de" and len(word) >= LEAST_PART and word.isalpha()


def is_compound_with_end(compound: str, stemmed: str, language: Language | None) -> bool:
    """Return whether a word ends with a form of the word with that stem, after at least four letters."""
    start = compound.find(stemmed, LEAST_PART)
    while start >= 0:
        if len(compound) - start >= LEAST_PART and stem(compound[start:], language) == stemmed:
            return True
        start = compound.find(stemmed, start + 1)
    return False


def ends_of_compound(compound: str, stemmed: str, language: Language | None) -> Iterator[str]:
    """Yield the ends of a word, of at least four letters, before which it has a form of the word with that stem."""
    if compound.startswith(stemmed):
        first = max(len(stemmed), LEAST_PART)
        last = min(len(stemmed) + max(map(len, _ENDINGS)), len(compound) - LEAST_PART)
        for end in range(first, last + 1):
            if stem(compound[:end], language) == stemmed:
                yield compound[end:]


def possible_forms(word: str, language: Language | None) -> set[str]:
    """Return the words that may be forms of a word, and the word itself."""
    return {word} | {stem(word, language) + ending for ending in _ENDINGS}

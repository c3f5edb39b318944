"""Languages of the texts that have a word, as bits of one number, so that forms of it follow their own rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from app.words.stemming import Language

OWN = 1
"""Bit of texts without a language of their own: that of the server's settings."""

LANGUAGES: tuple[Language, ...] = get_args(Language)
_BITS: dict[str, int] = {language: 2 << place for place, language in enumerate(LANGUAGES)}


def bit_of(language: str) -> int:
    """Return the bit of a language by its code, such as "de-AT". 0 for one whose forms of words are not known."""
    return _BITS.get(language[:2], 0)


def spoken_language(code: str | None) -> Language | None:
    """Return the language of a code whose forms of words are known, else None."""
    return next((language for language in LANGUAGES if code is not None and code[:2] == language), None)


def readings(languages: int, own: Language | None) -> Iterator[Language]:
    """Yield the languages of a word's bits. That of OWN is `own`, if it is known."""
    if languages & OWN and own is not None:
        yield own
    yield from (language for language in LANGUAGES if languages & _BITS[language])

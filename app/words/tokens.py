"""Words of a text, in the form in which they are compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

_LONGEST = 64  # characters of a word that are compared

# Chinese and Japanese texts have no spaces, so each of their characters is a word
_IDEOGRAPHS = "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_IDEOGRAPH = re.compile(f"[{_IDEOGRAPHS}\U00020000-\U0003ffff]")
_WORD = re.compile(rf"{_IDEOGRAPH.pattern}|(?:(?!{_IDEOGRAPH.pattern})[^\W_])+")
_POSSESSIVE = re.compile(r"(?<=\w)['’]s\b", re.IGNORECASE)
_MARKS = re.compile("[\u0300-\u036f]")  # the diacritics of decomposed letters
_UNDECOMPOSED = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})


class Token(NamedTuple):
    """Word of a text: its key, by which words are compared, and its spelling in lower case."""

    key: str
    spelling: str


def tokens(text: str) -> Iterator[Token]:
    """Yield the words of a text in order: "Women's Größe-42" -> women, grosse, 42. Case and diacritics do not count."""
    plain = _POSSESSIVE.sub("", unicodedata.normalize("NFKC", text))
    for match in _WORD.finditer(plain):
        spelling = match[0].lower()[:_LONGEST]
        if key := word_key(spelling):
            yield Token(key, spelling)


def word_key(word: str) -> str:
    """Return the key of a word: without its case and its diacritics."""
    letters = _MARKS.sub("", unicodedata.normalize("NFD", word.casefold()))
    return unicodedata.normalize("NFC", letters).translate(_UNDECOMPOSED)[:_LONGEST]


def is_ideograph(word: str) -> bool:
    """Return whether a word is a character of Chinese or Japanese."""
    return _IDEOGRAPH.match(word) is not None

"""Sizes: how feeds list them, how filters and facets name them, and their order."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from app.products.text_keys import collapse_spaces

SizeOrder = tuple[list[tuple[int, Fraction, str]], str]

_FRACTION = r"(?<![\d/])(?:1/2|[12]/3|[13]/4|[1357]/8)(?![\d/])"
_SIZE = re.compile(rf"(?:{_FRACTION}|(?<=\d),(?=\d)|[^/,])+")
_VULGAR = "¼½¾⅓⅔⅛⅜⅝⅞"
_PART = re.compile(rf"(\d+(?:[.,]\d+)?(?!/))?\s*({_FRACTION}|[{_VULGAR}])|(\d+(?:[.,]\d+)?)|([^\W\d_]+)")
_NAMED_SYSTEM = re.compile(r"(?:AU|BR|CN|DE|EU|FR|IT|JP|MEX|UK|US)\s*\d", re.IGNORECASE)  # Google's systems
_LETTERS = re.compile(r"(x*)([sl])|m")
_MULTIPLIED = re.compile(r"(?<![\w.,])(\d)(?=x[sl]\b)")  # the 3 of "3XL", which means XXXL
_LETTER_SIZE, _NUMBER, _WORD = range(3)


def size_names(text: str | None) -> list[str]:
    """Split a feed's sizes, such as "41/42" or "S, M, L". "38 2/3" and "41,5" are single sizes."""
    parts = map(collapse_spaces, _SIZE.findall(text or ""))
    return [part for part in parts if part]


def size_labels(text: str | None, system: str | None, kind: str | None) -> list[str]:
    """Split sizes and name each with its system and type: "41/42" of EU -> ["EU 41", "EU 42"], "8" -> ["US 8 tall"].

    The type "regular" is left out, and so is a system that the size names itself.
    """
    before = f"{system} " if system else ""
    after = f" {kind}" if kind and kind != "regular" else ""
    return [("" if _NAMED_SYSTEM.match(size) else before) + size + after for size in size_names(text)]


def size_order(label: str) -> SizeOrder:
    """Return the key that sorts sizes: systems together, XS before S before M, then 9 before 10, then words."""
    plain = _MULTIPLIED.sub(lambda match: "x" * (int(match[1]) - 1), label.lower())
    return [_part_order(part) for part in _PART.finditer(plain)], label


def _part_order(part: re.Match[str]) -> tuple[int, Fraction, str]:
    whole, fraction, number, word = part.groups()
    if word is not None:
        return _word_order(word)
    value = Fraction((whole or number or "0").replace(",", "."))
    if fraction is not None:
        value += (
            Fraction(unicodedata.numeric(fraction)).limit_denominator(8) if len(fraction) == 1 else Fraction(fraction)
        )
    return _NUMBER, value, ""


def _word_order(word: str) -> tuple[int, Fraction, str]:
    match = _LETTERS.fullmatch(word)
    if match is None:
        return _WORD, Fraction(0), word
    if word == "m":
        return _LETTER_SIZE, Fraction(0), ""
    step = 1 + len(match[1])
    return _LETTER_SIZE, Fraction(-step if match[2] == "s" else step), ""

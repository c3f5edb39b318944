"""The names that products are grouped by: categories, colours and other traits, in whatever spelling and case."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

_FRACTION = r"(?<![\d/])(?:1/2|[12]/3|[13]/4|[1357]/8)(?![\d/])"
_SIZE = re.compile(rf"(?:{_FRACTION}|(?<=\d),(?=\d)|[^/,])+")
_LONGEST_KEY = 200  # characters: PostgreSQL indexes nothing that is much longer


def collapse_spaces(text: str | None) -> str:
    """The text with single spaces between its words."""
    return " ".join((text or "").split())


def category_path(text: str | None) -> str | None:
    """The one spelling of a category path: "shoes>  Boots " -> "shoes > Boots"; None when nothing is left."""
    parts = (collapse_spaces(part) for part in (text or "").split(">"))
    return " > ".join(part for part in parts if part) or None


def category_key(text: str | None) -> str | None:
    """What category paths are compared by: the path without its case."""
    path = category_path(text)
    return path.casefold() if path else None


def category_counts(rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Category paths with the number of products right in each -> the number in and below each, ancestors included.

    Spellings that differ in case are one category, under the spelling that sorts first.
    """
    names: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for category, count in rows:
        parts = category.split(" > ")
        for depth in range(1, len(parts) + 1):
            path = " > ".join(parts[:depth])
            key = path.casefold()
            names[key] = min(names.get(key, path), path)
            counts[key] += count
    return {names[key]: counts[key] for key in sorted(counts)}


def color_names(text: str | None) -> list[str]:
    """The single colours of a feed's "Black / Dark  Red": ["Black", "Dark Red"]."""
    parts = (collapse_spaces(part) for part in (text or "").split("/"))
    return [part for part in parts if part]


def size_names(text: str | None) -> list[str]:
    """The single sizes of a feed's "41/42" or "S, M, L"; "38 2/3" and "41,5" are one each."""
    parts = map(collapse_spaces, _SIZE.findall(text or ""))
    return [part for part in parts if part]


def comparison_key(value: str) -> str:
    """What values of traits are compared by: the words without their case, or a hash of very many."""
    key = collapse_spaces(value).casefold()
    return key if len(key) <= _LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()

"""Normalised names for grouping products: categories, colours and other traits in any spelling and case."""

from __future__ import annotations

import hashlib

_LONGEST_KEY = 200  # characters: PostgreSQL cannot index much longer keys


def collapse_spaces(text: str | None) -> str:
    """Return the text with single spaces between its words."""
    return " ".join((text or "").split())


def attribute_name(name: str) -> str:
    """Normalise the name of an attribute: "Sole  Material" -> "sole material"."""
    return collapse_spaces(name).lower()


def category_path(text: str | None) -> str | None:
    """Normalise a category path: "shoes>  Boots " -> "shoes > Boots". Return None if it is empty."""
    parts = (collapse_spaces(part) for part in (text or "").split(">"))
    return " > ".join(part for part in parts if part) or None


def category_key(text: str | None) -> str | None:
    """Return the key by which category paths are compared: the path without its case."""
    path = category_path(text)
    return path.casefold() if path else None


def color_names(text: str | None) -> list[str]:
    """Split a feed's colours: "Black / Dark  Red" -> ["Black", "Dark Red"]."""
    parts = (collapse_spaces(part) for part in (text or "").split("/"))
    return [part for part in parts if part]


def comparison_key(value: str) -> str:
    """Return the key by which trait values are compared: the text without its case, or a hash of a long text."""
    key = collapse_spaces(value).casefold()
    return key if len(key) <= _LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()

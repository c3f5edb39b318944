"""Spellings of availability, colours and sizes, as read from feeds, requests and the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_AVAILABILITY = {  # lower case, without spaces and the prefix of https://schema.org/InStock
    "instock": "in_stock",
    "limitedavailability": "in_stock",
    "outofstock": "out_of_stock",
    "soldout": "out_of_stock",
    "preorder": "preorder",
    "backorder": "backorder",
}
_SEPARATORS = {
    "color": "/",  # as in Google's feeds
    "size": " / ",  # a slash without spaces may belong to a fraction
    "size_type": " ",  # "petite maternity" is one type
}


def read_availability(text: str | None) -> str | None:
    """Translate Google's and schema.org's spellings to ours. Other texts stay as they are, and Product refuses them."""
    if text is None:
        return None
    plain = re.sub(r"[^a-z]", "", text.rpartition("/")[2].lower())
    return _AVAILABILITY.get(plain, text)


def join_values(name: str, values: Iterable[str]) -> str | None:
    """Join the texts of a list to the value of a product's field: "Black/Red", "41 / 42". Return None without texts."""
    return _SEPARATORS[name].join(filter(None, map(str.strip, values))) or None


def join_texts(name: str, texts: Sequence[str] | None) -> str | None:
    """Return the text of a field such as title_de, None without any. Raises ValueError for several, except colours."""
    if name.startswith("color"):
        return join_values("color", texts or ())
    if len(texts or ()) > 1:
        raise ValueError(f"{name} has {len(texts or ())} texts: expected one")
    return texts[0] if texts else None

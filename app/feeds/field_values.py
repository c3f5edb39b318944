"""Values as shops spell them, in feeds, in requests and on the command line alike."""

from __future__ import annotations

import re
from collections.abc import Iterable

_AVAILABILITY = {  # without case, spaces, and what stands before them, as in https://schema.org/InStock
    "instock": "in_stock",
    "limitedavailability": "in_stock",
    "outofstock": "out_of_stock",
    "soldout": "out_of_stock",
    "preorder": "preorder",
    "backorder": "backorder",
}
_SEPARATORS = {
    "color": "/",  # as Google joins colours
    "size": " / ",  # a slash without spaces may be that of a fraction
}


def read_availability(text: str | None) -> str | None:
    """Google's and schema.org's spellings -> ours; what is none of them is for Product to refuse."""
    if text is None:
        return None
    plain = re.sub(r"[^a-z]", "", text.rpartition("/")[2].lower())
    return _AVAILABILITY.get(plain, text)


def join_values(name: str, values: Iterable[str]) -> str | None:
    """One or several colours or sizes as a product has them: "Black/Red", "41 / 42"; None for none."""
    return _SEPARATORS[name].join(filter(None, map(str.strip, values))) or None

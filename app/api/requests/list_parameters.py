"""Query parameters of lists of results: their order, the colours that come first, and the cursor of the next page."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Query

from app.asgi.dependencies import ServiceOf
from app.asgi.errors import ApiError
from app.colours.palette import SHADES
from app.colours.shares import ColorShare
from app.core.error_text import truncate
from app.search.listing.cursor import ListRequest
from app.search.results import MOST_SORTED, Sort

_MOST_PAINT = 12  # colours
_CURSOR = "AAAYkV3Jx0cQ1mTqv2hXn4bZ8sLr6wEyU5oPdKfGtA"


async def read_listing(
    service: ServiceOf,
    *,
    sort: Annotated[
        Sort,
        Query(
            description=f"nearest first, or the {MOST_SORTED} nearest by their lowest price",
            examples=["price_asc"],
        ),
    ] = "likeness",
    cursor: Annotated[
        str | None,
        Query(
            max_length=200,
            description="`next` of an answer: returns the results after it; all else but k has to be the same",
            examples=[_CURSOR],
        ),
    ] = None,
) -> ListRequest:
    """Read the order of a list, and where it continues."""
    return ListRequest(sort, cursor, service.settings.out_of_stock == "last")


ListingOf = Annotated[ListRequest, Depends(read_listing)]
"""Dependency: the order of a list, and where it continues."""


async def read_paint(
    paint: Annotated[
        list[str],
        Query(
            max_length=_MOST_PAINT,
            description="#rrggbb or a name such as 'red'; may be repeated. Products of these colours come first; none "
            "is left out. By default, the colours of the strokes",
            examples=[["#c0252d"]],
        ),
    ] = [],  # noqa: B006 - never changed
) -> tuple[ColorShare, ...]:
    """Read the colours, in equal shares. Raises ApiError for anything else."""
    colors = list(dict.fromkeys(map(_parse_color, paint)))
    return tuple(ColorShare(color, 1 / len(colors)) for color in colors)


def _parse_color(text: str) -> str:
    """Return a colour as '#rrggbb'. Raises ApiError."""
    color = text.strip().lower()
    if color in SHADES:
        return SHADES[color][0]
    if re.fullmatch("#[0-9a-f]{6}", color):
        return color
    message = f"paint is {truncate(text)}: expected #rrggbb, or one of {', '.join(SHADES)}"
    raise ApiError(422, "invalid_parameter", message, {"parameter": "paint", "known": list(SHADES)})


PaintOf = Annotated[tuple[ColorShare, ...], Depends(read_paint)]
"""Dependency: the colours that results should have."""

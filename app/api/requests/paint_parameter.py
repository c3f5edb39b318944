"""Query parameter of the colours that results should have."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Query

from app.asgi.errors import ApiError
from app.colours.palette import SHADES
from app.colours.shares import ColorShare
from app.core.error_text import truncate

_MOST = 12  # colours


async def read_paint(
    paint: Annotated[
        list[str],
        Query(
            max_length=_MOST,
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

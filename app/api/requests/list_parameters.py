"""Query parameters of lists of results: their order, the colours that come first, and the cursor of the next page."""

from __future__ import annotations

import re

from pydantic import BaseModel, Field

from app.asgi.errors import ApiError
from app.colours.palette import SHADES
from app.colours.shares import ColorShare
from app.core.error_text import truncate
from app.search.listing.cursor import ListRequest
from app.search.results import MOST_SORTED, Sort
from app.settings import Settings

_MOST_PAINT = 12  # colours
_CURSOR = "AAAYkV3Jx0cQ1mTqv2hXn4bZ8sLr6wEyU5oPdKfGtA"


class ListParameters(BaseModel):
    """Order of a list, and where it continues."""

    sort: Sort = Field(
        default="likeness",
        description=f"nearest first, or the {MOST_SORTED} nearest by their lowest price",
        examples=["price_asc"],
    )
    cursor: str | None = Field(
        default=None,
        max_length=200,
        description="`next` of an answer: returns the results after it; all else but k has to be the same",
        examples=[_CURSOR],
    )

    def read_listing(self, settings: Settings) -> ListRequest:
        """Return the list that is asked for."""
        return ListRequest(self.sort, self.cursor, settings.out_of_stock == "last")


class PaintParameter(BaseModel):
    """Colours that results should have."""

    paint: list[str] = Field(
        default=[],
        max_length=_MOST_PAINT,
        description="#rrggbb or a name such as 'red'; may be repeated. Products of these colours come first; none "
        "is left out. By default, the colours of the strokes",
        examples=[["#c0252d"]],
    )

    def read_paint(self) -> tuple[ColorShare, ...]:
        """Return the colours, in equal shares. Raises ApiError for anything else."""
        colors = list(dict.fromkeys(map(_parse_color, self.paint)))
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

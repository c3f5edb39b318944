"""Colours with their shares of a product, and the names of the main ones."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from app.colours.lab import lab_of_hex
from app.colours.palette import HUES, name_of

_MAIN = 0.2  # least share of a main colour
_MOST = 2  # main colours of a product
_HUE_WEIGHT = 1.95  # a red seat on a wooden frame makes a red chair


class ColorShare(NamedTuple):
    """A colour '#rrggbb' and its share of a product or a sketch, 0 to 1."""

    color: str
    share: float


@lru_cache(maxsize=50_000)
def main_names(colors: tuple[ColorShare, ...]) -> tuple[str, ...]:
    """Return the palette's names of the main colours, the most telling one first.

    Red, orange, yellow, green, blue, purple and pink count for more than black, white, grey, beige and brown: those are
    also the colours of soles, frames and fittings.
    """
    shares: dict[str, float] = {}
    for color, share in colors:
        name = name_of(lab_of_hex([color])[0])
        shares[name] = shares.get(name, 0) + share
    ordered = sorted(shares, key=lambda name: -shares[name] * (_HUE_WEIGHT if name in HUES else 1))
    return tuple(name for number, name in enumerate(ordered) if not number or shares[name] >= _MAIN)[:_MOST]

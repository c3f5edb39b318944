"""Names of colours as shops use them: a fixed palette, with the shades that each name stands for, a typical one first.

Gold and silver are not among them: on a photo they are a yellow or brown, and a grey.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from app.colours.lab import Lab, lab_of_hex

# fmt: off
SHADES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "black": ("#1e1e1e", "#000000", "#111111", "#2b2a2b", "#332f2e", "#1c2026", "#303032"),
        "white": ("#f7f7f7", "#ffffff", "#ececec", "#f1f0ec", "#f5f2ea", "#e4e4e2", "#d9d9d8", "#d0cfcc"),
        "grey": ("#8d9095", "#505258", "#38393d", "#5a5a5a", "#707070", "#808080", "#a0a0a0", "#a9afb6", "#b8b8b8",
                 "#c3c6ca", "#708090", "#c8c8c8"),
        "beige": ("#d3b994", "#ece0c6", "#f5f5dc", "#f5deb3", "#e8d9b8", "#d9c7a9", "#d2b48c", "#e3d5bd", "#dcb981",
                  "#c9b58f", "#d0b890", "#faebd7", "#d6aa78", "#cfb07c", "#c9ab7c"),
        "brown": ("#7c4225", "#4e3025", "#3b241c", "#5f2c22", "#744a30", "#9a5022", "#8b4513", "#a0522d", "#a5693a",
                  "#b2703a", "#86684a", "#96492f", "#bd8a51", "#6b4a32", "#5c4033", "#c08552", "#8b6b4a", "#c79a62",
                  "#b98a52", "#a67b4b", "#5e5350", "#4a423e", "#7f6e6b", "#867065", "#937c70", "#514643"),
        "red": ("#c0252d", "#ff0000", "#b22222", "#8b0000", "#6b1d24", "#dc143c", "#a01820", "#e03030", "#800020",
                "#5a1a1e", "#cd3a3a"),
        "orange": ("#de7426", "#ff8c00", "#ffa500", "#e8705a", "#ff7f50", "#e2692b", "#f08030", "#ff6347", "#d2601a"),
        "yellow": ("#edc73d", "#ffff00", "#ffd700", "#f5e04a", "#d3a02c", "#e8c020", "#fff176", "#f0e68c", "#cda752",
                   "#b8902a"),
        "green": ("#2e8b57", "#2f5741", "#008000", "#6d6b3a", "#9fcdb6", "#228b22", "#6b8e23", "#556b2f", "#90ee90",
                  "#98fb98", "#3cb371", "#1d4a30", "#a8c686", "#7fa05a"),
        "blue": ("#2f65a7", "#28385e", "#0000ff", "#83b3d4", "#4169e1", "#87ceeb", "#add8e6", "#1e3a6e", "#000080",
                 "#1a2540", "#4682b4", "#5f9ed1", "#1f78c8", "#237377", "#008080", "#20b2aa", "#40e0d0", "#1d5f63",
                 "#505b6d", "#5a5f76", "#3b4654", "#7d8698", "#2a2d3a", "#a3b0c4"),
        "purple": ("#7a4f8f", "#683a5f", "#800080", "#ae9bcb", "#4b0082", "#9370db", "#5e2d79", "#8a2be2", "#c8a2c8",
                   "#3f2344"),
        "pink": ("#e79bb0", "#cc2f74", "#ffc0cb", "#ff69b4", "#ff1493", "#e6bdad", "#e8b4b8", "#f4c2c2", "#db7093",
                 "#d86a9a", "#f0c8c0"),
    }
)
# fmt: on
HUES = frozenset({"red", "orange", "yellow", "green", "blue", "purple", "pink"})
"""Names of colours that are not also those of materials."""

_LIGHT = 0.7  # weight of lightness: it says less about a name than hue does


@cache
def _shades() -> tuple[list[str], Lab]:
    """Return the names and the colours (N,3) of all shades."""
    pairs = [(name, shade) for name, shades in SHADES.items() for shade in shades]
    return [name for name, _ in pairs], lab_of_hex([shade for _, shade in pairs])


def name_of(colour: Lab) -> str:
    """Return the palette's name of a colour (3,): that of the nearest shade."""
    names, shades = _shades()
    return names[int((((shades - colour) * (_LIGHT, 1, 1)) ** 2).sum(axis=1).argmin())]

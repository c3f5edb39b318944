"""Materials of products: colour, reflection of light, and surface pattern."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

# fmt: off
COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "black": "#2b292b", "charcoal": "#4a4c52", "grey": "#8d9095", "silver": "#c3c6ca",
        "white": "#f1f0ec", "cream": "#ece0c6", "beige": "#d3b994", "sand": "#c9ab7c",
        "camel": "#bd8a51", "tan": "#b2703a", "cognac": "#9a5022", "chestnut": "#7c4225",
        "chocolate": "#4e3025", "oxblood": "#6b1d24", "red": "#c0252d", "coral": "#e8705a",
        "orange": "#de7426", "mustard": "#d3a02c", "yellow": "#edc73d", "olive": "#6d6b3a",
        "forest": "#2f5741", "mint": "#9fcdb6", "teal": "#237377", "sky": "#83b3d4",
        "blue": "#2f65a7", "navy": "#28385e", "lilac": "#ae9bcb", "plum": "#683a5f",
        "pink": "#e79bb0", "fuchsia": "#cc2f74", "blush": "#e6bdad", "gold": "#cda752",
        "copper": "#b57450", "bronze": "#86684a", "gum": "#b98a52",
        "oak": "#c79a62", "pine": "#dcb981", "beech": "#d6aa78", "walnut": "#744a30",
        "cherry": "#96492f", "mahogany": "#5f2c22", "ebony": "#38312f", "ash": "#d9c7a9",
        "cork": "#c59a68", "jute": "#cfb07c", "brass": "#c9a24a", "steel": "#a9afb6", "rust": "#a44a2a",
    }
)
# fmt: on


@dataclass(frozen=True)
class Material:
    """Surface. `gloss` 0..1 is the strength of its highlights; `texture` is a key of TEXTURES or empty."""

    name: str
    colour: str = "black"
    gloss: float = 0.25
    texture: str = ""

    def dyed(self, colour: str) -> Material:
        """Return the same surface in another of COLOURS."""
        return replace(self, colour=colour)

    @property
    def hex(self) -> str:
        """The surface's colour as '#rrggbb'."""
        return COLOURS[self.colour]


LEATHER = Material("leather", gloss=0.45, texture="grain")
PATENT = Material("patent", gloss=1.0)
SUEDE = Material("suede", gloss=0.0, texture="suede")
CANVAS = Material("canvas", gloss=0.05, texture="weave")
MESH = Material("mesh", gloss=0.05, texture="mesh")
SATIN = Material("satin", gloss=0.7)
RUBBER = Material("rubber", gloss=0.35)
VELVET = Material("velvet", gloss=0.2, texture="suede")
FUR = Material("shearling", "cream", gloss=0.0, texture="wool")
STRAW = Material("straw", "jute", gloss=0.05, texture="rope")
WOOD = Material("wood", "oak", gloss=0.2, texture="wood")
CORK = Material("cork", "cork", gloss=0.0, texture="speckle")
METAL = Material("metal", "brass", gloss=1.0)
NYLON = Material("nylon", gloss=0.3, texture="weave")


def channels(colour: str) -> tuple[int, int, int]:
    """Return the red, green and blue (0..255) of '#rrggbb'."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def tint(colour: str, amount: float) -> str:
    """Return '#rrggbb' moved towards white (amount > 0) or black (amount < 0). An amount of 1 gives white."""
    goal = 255 if amount > 0 else 0
    return "#" + "".join(f"{round(c + (goal - c) * abs(amount)):02x}" for c in channels(colour))


def brightness(colour: str) -> float:
    """Return the perceived brightness of '#rrggbb', from 0 (black) to 1 (white)."""
    r, g, b = channels(colour)
    return (0.3 * r + 0.59 * g + 0.11 * b) / 255

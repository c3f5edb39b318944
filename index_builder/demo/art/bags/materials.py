"""What bags are made of."""

from __future__ import annotations

from index_builder.demo.art.painting.materials import LEATHER, PATENT, SUEDE, Material
from index_builder.demo.art.painting.seeded_choices import Hand

TONES = (
    "black",
    "tan",
    "cognac",
    "red",
    "navy",
    "blush",
    "forest",
    "cream",
    "chestnut",
    "grey",
    "mustard",
    "oxblood",
    "teal",
    "camel",
    "lilac",
    "sky",
    "chocolate",
    "olive",
    "coral",
    "white",
)
HIDE = (LEATHER, SUEDE, LEATHER, PATENT)


def cloth(hand: Hand, stuffs: tuple[Material, ...], tones: tuple[str, ...] = TONES) -> Material:
    """A stuff and a colour for it."""
    return hand.pick("material", stuffs).dyed(hand.pick("colour", tones))


def trim_for(hand: Hand, body: Material) -> Material:
    """Leather for handles: the body's own colour or one that stands out from it."""
    own = body.colour if body.name in ("leather", "patent", "suede") else "tan"
    colour = hand.pick("trim", (own, own, "tan", "chocolate"))
    return LEATHER.dyed(colour)

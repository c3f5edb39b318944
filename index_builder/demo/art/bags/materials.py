"""Materials of bags."""

from __future__ import annotations

from index_builder.demo.art.painting.materials import LEATHER, PATENT, SUEDE, Material
from index_builder.demo.art.painting.seeded_choices import SeededChoices

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


def cloth(choices: SeededChoices, stuffs: tuple[Material, ...], tones: tuple[str, ...] = TONES) -> Material:
    """Return a fabric in a colour that suits it."""
    return choices.pick("material", stuffs).dyed(choices.pick("colour", tones))


def trim_for(choices: SeededChoices, body: Material) -> Material:
    """Return leather for handles, in the body's colour or one that stands out from it."""
    own = body.colour if body.name in ("leather", "patent", "suede") else "tan"
    colour = choices.pick("trim", (own, own, "tan", "chocolate"))
    return LEATHER.dyed(colour)

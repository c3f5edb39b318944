"""Parts of sneakers: toe caps, eyestays, side marks, soles."""

from __future__ import annotations

import numpy as np

from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import Line, band, join, offset, shifted, spline
from index_builder.demo.art.painting.materials import RUBBER, Material, tint
from index_builder.demo.art.painting.seeded_choices import SeededChoices
from index_builder.demo.art.shoes.last import Last, flat_sole
from index_builder.demo.art.shoes.straps import height_over

BRIGHT = (
    "white",
    "black",
    "red",
    "navy",
    "sky",
    "mint",
    "yellow",
    "grey",
    "coral",
    "olive",
    "lilac",
    "cream",
    "teal",
    "orange",
    "pink",
)
ACCENT = ("red", "navy", "black", "teal", "orange", "gold", "forest", "fuchsia", "blue")


def accent_for(choices: SeededChoices, upper: Material) -> str:
    """Return a colour that stands out from the upper's."""
    colour = choices.pick("accent", ACCENT)
    return "white" if colour == upper.colour or upper.colour in ("navy", "black", "red") else colour


def toe_cap(draw: Drawing, last: Last, material: Material, reach: float) -> None:
    """Draw a rubber or leather cap over the toe, back to a fraction of the length."""
    front = last.front(reach)
    edge = spline(front[-1], last.over(reach + 0.035, height_over(last, reach) * 0.5), last.over(reach + 0.02, 1))
    floor = last.feather[last.feather[:, 0] < edge[-1, 0]]
    draw.part(join(front, edge, floor[::-1]), material, puff=11)


def side_mark(draw: Drawing, last: Last, mark: str, material: Material) -> None:
    """Draw the ornament on the quarter that distinguishes sneakers."""
    if mark == "stripes":
        for k in range(4):
            a, b = last.over(0.50 + 0.045 * k, 4), last.over(0.56 + 0.04 * k, 66 - 3 * k)
            draw.part(band(spline(a, last.over(0.51 + 0.045 * k, 36), b), 9), material, puff=2)
    elif mark == "wave":
        wave = spline(
            last.over(0.32, 22), last.over(0.45, 44), last.over(0.58, 30), last.over(0.72, 22), last.over(0.88, 48)
        )
        swell = 9 * np.sin(np.linspace(0.12, np.pi - 0.12, len(wave)))
        draw.part(join(offset(wave, swell), offset(wave, -swell)[::-1]), material, puff=3)
    elif mark == "star":
        radii = np.where(np.arange(10) % 2 == 0, 23.0, 10.0)
        angles = np.radians(90 + 36 * np.arange(10))
        star = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
        draw.part(shifted(star, *last.over(0.57, 46)), material, puff=2)
    elif mark == "bolt":
        x, y = last.over(0.55, 40)
        draw.part(
            np.array(
                [(x - 48, y + 34), (x + 14, y + 12), (x + 2, y), (x + 56, y - 32), (x - 16, y - 12), (x - 2, y + 2)]
            ),
            material,
            puff=2,
        )


def sport_sole(draw: Drawing, last: Last, choices: SeededChoices, accent: str) -> None:
    """Draw a rubber sole with or without lines around it."""
    colour = choices.pick("sole colour", ("white", "gum", "white", "cream", "black"))
    flat_sole(draw, last, RUBBER.dyed(colour), lip=6)
    trim = choices.pick("foxing", ("line", "two lines", "plain"))
    rail = np.array([(x, y * 0.72) for x, y in last.feather[6:-3]])
    if trim != "plain":
        draw.stroke(rail, tint(RUBBER.dyed(accent).hex, 0), 4)
    if trim == "two lines":
        draw.stroke(rail * (1, 0.55), RUBBER.dyed(accent).hex, 3)


def eyestay(draw: Drawing, last: Last, material: Material, start: float, stop: float) -> Line:
    """Draw the reinforced strip that carries the eyelets. Returns the lacing edge, running up."""
    front = last.front(stop)
    edge = front[front[:, 0] > start * last.back]
    inner = offset(edge, -28.0)
    draw.part(join(edge, inner[::-1]), material, puff=5)
    draw.stitch(offset(edge, -23.5), material)
    return edge

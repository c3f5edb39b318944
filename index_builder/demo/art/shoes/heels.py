"""Raised shoes: pumps, slingbacks and Mary Janes."""

from __future__ import annotations

import numpy as np

from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import band, join, shifted, spline, spot, sub
from index_builder.demo.art.painting.materials import LEATHER, METAL, PATENT, RUBBER, SATIN, SUEDE, VELVET, WOOD
from index_builder.demo.art.painting.seeded_choices import Piece, SeededChoices, phrase
from index_builder.demo.art.painting.trims import bow, buckle, strap, stud
from index_builder.demo.art.shoes.heel_parts import heel
from index_builder.demo.art.shoes.last import Last, thin_sole
from index_builder.demo.art.shoes.straps import ankle_strap, bridge, court, height_over

DRESS = (
    "black",
    "red",
    "blush",
    "navy",
    "white",
    "camel",
    "plum",
    "teal",
    "gold",
    "fuchsia",
    "oxblood",
    "cream",
    "forest",
    "silver",
)


def heel_for(choices: SeededChoices, height: float) -> str:
    """Return a heel shape that suits a height (units of 1/400 of the foot)."""
    if height > 118:
        return choices.pick("tall heel", ("stiletto", "block", "stiletto", "flared", "stiletto", "cone"))
    return choices.pick("low heel", ("block", "kitten", "spool", "cone", "flared", "cuban"))


def raised_shoe(choices: SeededChoices, low: float, high: float) -> tuple[Drawing, Last, str]:
    """Return a drawing with its shadow, a last of a height between two limits, and a heel shape for it."""
    h = choices.between("heel", low, high)
    platform = choices.pick("platform", (5.0, 5.0, 5.0, 26.0 if h > 105 else 5.0))
    last = Last(heel=h, platform=platform, toe=choices.pick("toe", ("pointed", "round", "almond", "square", "pointed")))
    draw = Drawing()
    draw.shadow(0.05 * last.back, 0.36 * last.back)
    return draw, last, heel_for(choices, h)


def pump(choices: SeededChoices) -> Piece:
    """Design a closed low-cut shoe on a heel."""
    draw, last, shape = raised_shoe(choices, 48, 168)
    kind = choices.pick("material", (LEATHER, PATENT, SUEDE, SATIN, VELVET))
    upper = kind.dyed(choices.pick("colour", DRESS))
    detail = choices.pick("detail", ("", "bow", "", "buckle", "toe cap", "ankle strap", ""))
    heel(draw, last, shape, WOOD.dyed("walnut") if shape == "cuban" else upper)
    throat = choices.between("throat", 0.22, 0.31)
    near = court(draw, last, upper, throat, choices.between("side", 34, 48), choices.between("rise", 70, 92))
    x, y = near[0]
    if detail == "bow":
        bow(draw, x - 4, y - 8, 30, upper, 24)
    elif detail == "buckle":
        strap(draw, spline((x - 3, y - 4), last.over(throat + 0.03, 34), last.over(throat + 0.07, 6)), 24, upper)
        buckle(draw, *last.over(throat + 0.015, 42), 30, 80)
    elif detail == "toe cap":
        cap = spline(last.over(0.115, height_over(last, 0.115) - 1), last.over(0.15, 30), last.over(0.12, 2))
        draw.seam(cap, upper, 2.4)
    elif detail == "ankle strap":
        ankle_strap(draw, last, upper, 148, METAL)
    ending = f"with {detail}" if detail else ""
    title = phrase(upper.colour, upper.name, "platform" if last.platform > 20 else "", f"{shape}-heel pump", ending)
    return Piece(draw, title, upper.colour, 59 + last.heel * 0.5, "Women")


def slingback(choices: SeededChoices) -> Piece:
    """Design a pump with a strap in place of its counter."""
    draw, last, shape = raised_shoe(choices, 40, 130)
    upper = choices.pick("material", (LEATHER, PATENT, SUEDE, SATIN)).dyed(choices.pick("colour", DRESS[::-1]))
    heel(draw, last, shape, upper)
    throat = choices.between("throat", 0.23, 0.33)
    x, y = last.front(throat)[-1]
    end = choices.between("end", 0.52, 0.66)
    h = height_over(last, throat)
    near = spline((x, y), last.over(throat + 0.05, h * 0.7), last.over(0.5 * throat + 0.5 * end, 40), last.over(end, 3))
    far = near + np.outer(np.sin(np.linspace(0.05, np.pi, len(near))), (5, 15))
    sling = spline(last.over(end - 0.05, 20), last.over(0.78, 52), shifted(last.counter(82)[-1], -4, 0))
    draw.part(band(shifted(sling, -6, 15), 9), upper, puff=3, shade=-0.25)
    draw.part(join(near, far[::-1]), LEATHER.dyed("sand"), shade=-0.1, puff=5)
    thin_sole(draw, last, RUBBER)
    floor = sub(last.feather, 0, 1)
    floor = floor[floor[:, 0] <= near[-1, 0]]
    draw.part(join(last.front(throat), near, floor[::-1]), upper, puff=16)
    strap(draw, sling, 11, upper)
    buckle(draw, *spot(sling, 1 / 3), 15, 20)
    detail = choices.pick("detail", ("", "bow", "stud", ""))
    if detail == "bow":
        bow(draw, x - 5, y - 8, 27, upper, 24)
    elif detail == "stud":
        for k in range(5):
            stud(draw, *last.over(throat - 0.03 + 0.018 * k, height_over(last, throat) * (0.85 - 0.19 * k)), 5)
    title = phrase(
        upper.colour,
        upper.name,
        f"{shape}-heel slingback",
        f"with {detail}s" if detail == "stud" else f"with {detail}" if detail else "",
    )
    return Piece(draw, title, upper.colour, 65 + last.heel * 0.4, "Women")


def mary_jane(choices: SeededChoices) -> Piece:
    """Design a pump with straps over the instep."""
    draw, last, shape = raised_shoe(choices, 30, 120)
    upper = choices.pick("material", (LEATHER, PATENT, SUEDE, VELVET)).dyed(
        choices.pick("colour", DRESS[3:] + DRESS[:3])
    )
    heel(draw, last, shape, upper)
    style = choices.pick("straps", ("one strap", "two straps", "T-strap", "crossed straps"))
    mounts = {"one strap": (0.45,), "two straps": (0.38, 0.55), "T-strap": (0.56,), "crossed straps": (0.48, 0.56)}[
        style
    ]
    leans = (-0.13, 0.0) if style == "crossed straps" else (-0.05, -0.05)
    tops = [bridge(draw, last, mount, lean, upper) for mount, lean in zip(mounts, leans, strict=False)]
    near = court(draw, last, upper, 0.27, choices.between("side", 36, 46), 84)
    for mount, lean, top in zip(mounts, leans, tops, strict=False):
        strap(draw, spline(last.over(mount + 0.01, 34), last.over(mount + lean * 0.3, 62), top), 15, upper)
        buckle(draw, *last.over(mount + 0.01, 45), 16, 105, METAL.dyed(choices.pick("metal", ("brass", "steel"))))
    if style == "T-strap":
        strap(draw, spline(near[0], ((near[0, 0] + tops[0][0]) / 2, near[0, 1] + 22), tops[0]), 15, upper)
    title = phrase(upper.colour, upper.name, f"{shape}-heel Mary Jane with {style}")
    return Piece(draw, title, upper.colour, 62 + last.heel * 0.35, "Women")

"""Low shoes: ballet flats and loafers."""

from __future__ import annotations

from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import Line, ellipse, join, line, shifted, spline, spot, sub
from index_builder.demo.art.painting.materials import (
    LEATHER,
    METAL,
    PATENT,
    RUBBER,
    SATIN,
    SUEDE,
    VELVET,
    Material,
    tint,
)
from index_builder.demo.art.painting.seeded_choices import Piece, SeededChoices, phrase
from index_builder.demo.art.painting.trims import bow, buckle, ring, strap, tassel
from index_builder.demo.art.shoes.last import Last, flat_sole
from index_builder.demo.art.shoes.straps import height_over, topline

SOFT = ("black", "blush", "red", "gold", "navy", "cream", "lilac", "mint", "camel", "silver", "fuchsia", "mustard")
TOWN = ("black", "cognac", "chestnut", "oxblood", "navy", "tan", "chocolate", "forest", "grey", "camel")


def opening(draw: Drawing, near: Line, far: Line) -> None:
    """Draw the lining seen through a shoe's opening."""
    draw.part(join(near, far[::-1]), LEATHER.dyed("sand"), shade=-0.15, puff=5)


def ballet_flat(choices: SeededChoices) -> Piece:
    """Design a flat low-cut slipper."""
    last = Last(platform=7, toe=choices.pick("toe", ("round", "almond", "pointed", "square")), spring=4, volume=0.88)
    upper = choices.pick("material", (LEATHER, SUEDE, SATIN, PATENT, VELVET)).dyed(choices.pick("colour", SOFT))
    draw = Drawing()
    draw.shadow(20, 396)
    throat, side = choices.between("throat", 0.15, 0.27), choices.between("side", 30, 44)
    near, far = topline(last, throat, side, 74), topline(last, throat, side, 74, 17)
    opening(draw, near, far)
    detail = choices.pick("detail", ("bow", "", "ankle strap", "toe cap", "bow", "buckle", "crossed straps"))
    flat_sole(draw, last, RUBBER.dyed("chocolate"), lip=1, breast=5)
    draw.part(last.shell(throat, 74, near), upper, puff=15)
    draw.stroke(shifted(near, 0, -2.5), tint(upper.hex, -0.4), 5.5)
    x, y = near[0]
    if detail == "bow":
        bow(draw, x + 4, y - 2, choices.between("bow", 20, 34), upper, 14)
    elif detail == "toe cap":
        cap = upper.dyed("black" if upper.colour != "black" else "cream")
        front = last.front(0.12)
        edge = spline(front[-1], last.over(0.145, 24), last.over(0.13, 1))
        draw.part(join(front, edge, last.feather[last.feather[:, 0] < 50][::-1]), cap, puff=10)
    elif detail == "buckle":
        buckle(draw, x + 2, y - 12, 30, 75)
    elif detail:
        ends = ((0.42, 0.30), (0.5, 0.36)) if detail == "crossed straps" else ((0.52, 0.44),)
        for foot, top in ends:
            strap(
                draw,
                spline(
                    last.over(foot, 30), last.over((foot + top) / 2, 60), last.over(top, 84), last.over(top + 0.08, 66)
                ),
                11,
                upper,
            )
        buckle(draw, *last.over(ends[-1][0] - 0.01, 42), 14, 110)
    title = phrase(
        upper.colour,
        upper.name,
        f"{last.toe}-toe" if last.toe != "round" else "",
        "ballet flat",
        f"with {detail}" if detail else "",
    )
    return Piece(draw, title, upper.colour, choices.between("price", 29, 79), "Women")


def loafer(choices: SeededChoices) -> Piece:
    """Design a slip-on with a stitched apron."""
    driver = choices.pick("sole", ("heel", "heel", "driver", "lug"))
    last = Last(
        platform={"heel": 13.0, "driver": 9.0, "lug": 30.0}[driver],
        toe=choices.pick("toe", ("round", "almond", "square")),
        volume=1.02,
    )
    upper = choices.pick("material", (LEATHER, SUEDE, PATENT, LEATHER)).dyed(choices.pick("colour", TOWN))
    draw = Drawing()
    draw.shadow(16, 402)
    throat = choices.between("throat", 0.40, 0.48)
    near, far = topline(last, throat, 60, 82), topline(last, throat, 60, 82, 16)
    opening(draw, near, far)
    sole = {"heel": "chocolate", "driver": "gum", "lug": "black"}[driver]
    flat_sole(draw, last, RUBBER.dyed(sole), lip=2 if driver == "driver" else 5, breast=16 if driver == "heel" else 0)
    if driver == "lug":
        for x in range(30, 390, 30):
            draw.part(line((x, -4), (x + 20, -4), (x + 20, 8), (x, 8)), RUBBER.dyed(sole), puff=2)
    draw.part(last.shell(throat, 82, near), upper, puff=17)
    x, y = near[0]
    apron = spline(
        last.over(0.045, height_over(last, 0.045) * 0.93),
        last.over(0.10, 50),
        last.over(0.22, 58),
        last.over(0.32, 66),
        last.over(throat - 0.02, 82),
    )
    draw.seam(apron, upper, 3.0)
    draw.stitch(shifted(apron, 0, -7), upper)
    tongue = spline(
        (x - 34, y - 22),
        (x - 12, y + 2),
        (x + 12, y + 22),
        (x + 27, y + 20),
        (x + 24, y - 4),
        (x + 6, y - 18),
        closed=True,
    )
    draw.part(tongue, upper, puff=7)
    style = choices.pick("style", ("penny", "tassel", "horsebit", "plain", "penny", "buckled"))
    _dress_loafer(draw, last, upper, throat, style)
    words = {"heel": "", "driver": "driving", "lug": "chunky"}[driver]
    return Piece(
        draw,
        phrase(upper.colour, upper.name, words, style, "loafer"),
        upper.colour,
        choices.between("price", 69, 169),
        choices.pick("gender", ("Men", "Women")),
    )


def _dress_loafer(draw: Drawing, last: Last, upper: Material, throat: float, style: str) -> None:
    """Draw the strap over a loafer's instep and its ornament."""
    if style == "plain":
        return
    saddle = spline(
        last.over(throat - 0.09, height_over(last, throat - 0.09) - 1),
        last.over(throat - 0.03, 60),
        last.over(throat + 0.06, 22),
        last.over(throat + 0.07, 2),
    )
    strap(draw, saddle, 27, upper, stitched=style == "penny")
    if style == "penny":
        slot = last.over(throat - 0.055, 78)
        draw.fill(ellipse(slot[0], slot[1], 9, 4), tint(upper.hex, -0.6))
    elif style == "tassel":
        tassel(draw, *last.over(throat - 0.08, 82), 34, upper)
    elif style == "horsebit":
        for t in (0.1, 0.42):
            p = saddle[int(t * len(saddle))]
            ring(draw, p[0], p[1], 10)
        strap(draw, sub(saddle, 0.12, 0.40), 5, METAL)
    elif style == "buckled":
        buckle(draw, *spot(saddle, 1 / 3), 26, -62)

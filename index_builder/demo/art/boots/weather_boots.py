"""Boots for rain and snow."""

from __future__ import annotations

from index_builder.demo.art.boots.shafts import Shaft, lugged
from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import at, band, line, rounded, spline, spot, sub
from index_builder.demo.art.painting.materials import FUR, METAL, NYLON, RUBBER, SUEDE, WOOD, Material, tint
from index_builder.demo.art.painting.seeded_choices import Piece, SeededChoices, phrase
from index_builder.demo.art.painting.trims import STEEL, buckle, cuff, laces, strap
from index_builder.demo.art.shoes.last import Last, flat_sole
from index_builder.demo.art.shoes.sneaker_parts import toe_cap


def rain_boot(choices: SeededChoices) -> Piece:
    """Design a rubber boot."""
    last = Last(
        heel=6, platform=choices.between("sole", 18, 30), toe=choices.pick("toe", ("bulky", "round")), volume=1.02
    )
    upper = RUBBER.dyed(choices.pick("colour", ("yellow", "navy", "forest", "red", "black", "sky")))
    shaft = Shaft(last, choices.between("top", 170, 460), choices.between("width", 138, 158), calf=4)
    draw = Drawing()
    draw.shadow(14, 404)
    shaft.opening(draw, RUBBER.dyed("grey"))
    flat_sole(draw, last, RUBBER.dyed(choices.pick("sole", ("black", "cream", "gum"))), lip=7, breast=14)
    draw.part(shaft.outline, Material("rubber", upper.colour, gloss=0.9), puff=21)
    trim = RUBBER.dyed(choices.pick("trim", ("white", "black", "cream")))
    if detail := choices.pick("detail", ("buckle", "rim", "buckle", "")):
        draw.part(band(shaft.across(0.97, 9), 20), trim if detail == "rim" else upper, puff=5)
    if detail == "buckle":
        belt = sub(shaft.across(0.84, 8), 0.5, 1)
        strap(draw, belt, 17, upper)
        buckle(draw, *spot(belt, 0.3), 22, 0, STEEL)
    toe_cap(draw, last, RUBBER.dyed(upper.colour), 0.13)
    draw.part(
        rounded(0.70 * last.back, last.platform + 100, 0.70 * last.back + 46, last.platform + 124, 4), trim, puff=3
    )
    height = "tall" if shaft.top > 330 else "short" if shaft.top < 240 else ""
    return Piece(
        draw,
        phrase(
            upper.colour,
            height,
            "rain boot",
            f"with {'contrast ' if detail == 'rim' else ''}{detail}" if detail else "",
        ),
        upper.colour,
        choices.between("price", 35, 89),
    )


def snow_boot(choices: SeededChoices) -> Piece:
    """Design a lined boot with a shearling cuff."""
    last = Last(heel=4, platform=choices.between("sole", 24, 42), toe="bulky", volume=1.06)
    upper = choices.pick("material", (SUEDE, NYLON, SUEDE)).dyed(
        choices.pick("colour", ("camel", "grey", "navy", "chestnut", "olive", "plum"))
    )
    shaft = Shaft(last, choices.between("top", 190, 340), 148, calf=4)
    draw = Drawing()
    draw.shadow(14, 404)
    shaft.opening(draw, FUR)
    lugged(draw, last, RUBBER.dyed(choices.pick("sole colour", ("chocolate", "black", "cream"))))
    draw.part(shaft.outline, upper, puff=22)
    detail = choices.pick("detail", ("toggles", "lacing", "quilting", "straps"))
    if detail == "toggles":
        for f in (0.25, 0.6):
            x, y = at(shaft.across(f), 0.55)
            draw.part(band(line((x - 34, y), (x + 30, y)), 9), upper, puff=3, shade=-0.3)
            draw.part(rounded(x - 22, y - 9, x + 22, y + 9, 9), WOOD.dyed("walnut"), puff=4)
    elif detail == "lacing":
        laces(draw, shaft.shin(0.05, 0.9), 6, 22, tint(upper.hex, -0.4))
    elif detail == "quilting":
        for k in range(5):
            draw.seam(shaft.across(0.02 + 0.19 * k, 12), upper, 3.4)
    else:
        for f in (0.12, 0.5):
            belt = shaft.across(f, 8)
            strap(draw, belt, 18, upper.dyed("black"))
            buckle(draw, *spot(belt, 0.6), 20, 0, METAL)
    cuff(draw, shaft.across(0.97, 8), 44, FUR, 7)
    draw.seam(
        spline(last.over(0.16, 70), last.over(0.3, 34), last.over(0.5, 32), last.over(0.8, 30), last.over(0.97, 36)),
        upper,
        2.6,
    )
    return Piece(
        draw,
        phrase(upper.colour, upper.name, "snow boot with", detail),
        upper.colour,
        choices.between("price", 79, 159),
    )

"""Laced boots with a thick sole."""

from __future__ import annotations

from index_builder.demo.art.boots.shafts import EARTH, Shaft, lugged
from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import join, offset, shifted, spline, spot, sub
from index_builder.demo.art.painting.materials import LEATHER, PATENT, RUBBER, SUEDE
from index_builder.demo.art.painting.seeded_choices import Piece, SeededChoices, phrase
from index_builder.demo.art.painting.trims import STEEL, buckle, cuff, laces, strap, zipper
from index_builder.demo.art.shoes.last import Last
from index_builder.demo.art.shoes.sneaker_parts import toe_cap


def combat_boot(choices: SeededChoices) -> Piece:
    """Design a boot laced up the front, on a lug sole."""
    last = Last(
        heel=choices.pick("heel", (0.0, 0.0, 18.0)),
        platform=choices.between("sole", 22, 46),
        toe=choices.pick("toe", ("round", "bulky", "square")),
        volume=1.08,
    )
    upper = choices.pick("material", (LEATHER, LEATHER, SUEDE, PATENT)).dyed(
        choices.pick("colour", (*EARTH[6:], "mustard", "white", *EARTH[:6]))
    )
    shaft = Shaft(last, choices.between("top", 165, 330), 128, slope=8, calf=6)
    draw = Drawing()
    draw.shadow(14, 404)
    shaft.opening(draw)
    x, y = shaft.front[-1]
    draw.part(spline((x - 8, y - 60), (x - 8, y + 22), (x + 26, y + 30), (x + 34, y - 20)), upper, puff=7, shade=-0.15)
    lugged(draw, last, RUBBER.dyed(choices.pick("sole colour", ("black", "gum", "black", "chocolate"))))
    draw.part(shaft.outline, upper, puff=20)
    edge = shaft.shin(0.04, 0.985)
    draw.part(join(edge, offset(edge, -30.0)[::-1]), upper, puff=6)
    laces(
        draw,
        edge,
        round(5 + shaft.top / 50),
        17,
        choices.pick("lace", ("#d8b45c", "#3c3532", "#efece6")) if upper.colour != "black" else "#e0b848",
    )
    if choices.pick("cap", (True, False, True)):
        toe_cap(draw, last, upper, 0.15)
    draw.seam(spline(last.over(0.9, 96), last.over(0.84, 50), last.over(0.78, 2)), upper, 2.2)
    detail = choices.pick("detail", ("padded collar", "buckle", "side zip", ""))
    if detail == "padded collar":
        top = shaft.across(0.97, 4)
        cuff(draw, sub(top, 0.24, 1.0), 26, LEATHER.dyed("black" if upper.colour != "black" else "charcoal"), 4)
    elif detail == "buckle":
        belt = sub(shaft.across(0.55, 6), 0.2, 1)
        strap(draw, belt, 22, upper)
        buckle(draw, *spot(belt, 0.4), 25)
    elif detail == "side zip":
        zipper(draw, shifted(shaft.side_seam()[2:-16], 12, 0), STEEL)
    height = "tall" if shaft.top > 270 else ""
    return Piece(
        draw,
        phrase(upper.colour, upper.name, height, "lace-up boot", f"with {detail}" if detail else ""),
        upper.colour,
        choices.between("price", 89, 209),
    )

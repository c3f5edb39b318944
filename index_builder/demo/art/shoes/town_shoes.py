"""Laced town shoes and clogs."""

from __future__ import annotations

from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import ellipse, join, offset, shifted, spline, spot, sub
from index_builder.demo.art.painting.materials import CORK, FUR, LEATHER, PATENT, RUBBER, SUEDE, WOOD, Material, tint
from index_builder.demo.art.painting.seeded_choices import Piece, SeededChoices, phrase
from index_builder.demo.art.painting.trims import buckle, cuff, laces, strap, stud
from index_builder.demo.art.shoes.flats import TOWN, opening
from index_builder.demo.art.shoes.last import Last, flat_sole
from index_builder.demo.art.shoes.straps import height_over, topline


def oxford(choices: SeededChoices) -> Piece:
    """Design a laced town shoe, a monk or a saddle shoe."""
    last = Last(
        platform=choices.between("sole", 12, 24),
        toe=choices.pick("toe", ("round", "almond", "square", "pointed")),
        volume=1.05,
    )
    upper = choices.pick("material", (LEATHER, LEATHER, SUEDE, PATENT)).dyed(choices.pick("colour", TOWN))
    style = choices.pick("style", ("cap-toe Oxford", "plain Derby", "wingtip brogue", "monk strap", "saddle shoe"))
    draw = Drawing()
    draw.shadow(16, 402)
    near, far = topline(last, 0.53, 66, 86), topline(last, 0.53, 66, 86, 15)
    opening(draw, near, far)
    x, y = near[0]
    draw.part(spline((x - 26, y - 22), (x - 2, y + 20), (x + 22, y + 26), (x + 20, y - 20)), upper, puff=6, shade=-0.12)
    sole = choices.pick("sole colour", ("chocolate", "black", "gum"))
    flat_sole(draw, last, RUBBER.dyed(sole), lip=5, breast=14)
    draw.stitch(shifted(last.feather[8:-6], 0, -4), RUBBER.dyed(sole))
    draw.part(last.shell(0.53, 86, near), upper, puff=18)
    _draw_quarters(draw, last, upper, style, choices)
    return Piece(draw, phrase(upper.colour, upper.name, style), upper.colour, choices.between("price", 89, 219), "Men")


def _draw_quarters(draw: Drawing, last: Last, upper: Material, style: str, choices: SeededChoices) -> None:
    """Draw the pieces and seams that distinguish laced town shoes."""
    facing = sub(last.front(0.53), 0.72, 0.99)
    h = height_over(last, 0.145)
    toe = [last.over(0.145, h - 1), last.over(0.185, h * 0.5), last.over(0.17, 2)]
    if style == "wingtip brogue":
        toe = [
            last.over(0.13, height_over(last, 0.13) - 1),
            last.over(0.2, 40),
            last.over(0.30, 30),
            last.over(0.42, 5),
        ]
    if style in ("cap-toe Oxford", "wingtip brogue"):
        draw.seam(spline(*toe), upper, 2.4)
        draw.stitch(shifted(spline(*toe), 6, 1), upper)
    if style == "wingtip brogue":
        for k in range(9):
            p = shifted(spline(*toe)[3 + 4 * k], -7, -2)
            draw.fill(ellipse(p[0], p[1], 2.4, 2.4), tint(upper.hex, -0.65))
    if style == "saddle shoe":
        tone = upper.dyed("cream" if upper.colour not in ("cream", "white") else "black")
        piece = join(
            facing,
            spline(facing[-1], last.over(0.6, 80), last.over(0.58, 1)),
            spline(last.over(0.36, 1), last.over(0.37, 40), facing[0]),
        )
        draw.part(piece, tone, puff=10)
    quarter = spline(facing[0], last.over(0.41, 58), last.over(0.47, 34), last.over(0.60, 26), last.over(0.68, 2))
    if style != "saddle shoe":
        draw.seam(quarter, upper, 2.4)
        draw.stitch(offset(quarter, 6), upper)
    draw.seam(spline(last.over(0.86, 70), last.over(0.85, 40), last.over(0.80, 2)), upper, 2.0)
    if style == "monk strap":
        for k in range(choices.pick("monks", (1, 2))):
            belt = spline(
                last.over(0.64 - 0.07 * k, 76 - 20 * k),
                last.over(0.52 - 0.06 * k, 94 - 18 * k),
                last.over(0.44 - 0.05 * k, 100 - 12 * k),
            )
            strap(draw, belt, 20, upper, stitched=True)
            buckle(draw, *spot(belt, 0.42), 22, -18)
    else:
        laces(draw, facing, 4 if style != "plain Derby" else 3, 17, "#3a2c24" if upper.colour != "black" else "#55504c")


def clog(choices: SeededChoices) -> Piece:
    """Design a backless shoe on a thick sole."""
    base = choices.pick("base", (WOOD.dyed("beech"), CORK, RUBBER.dyed("black"), WOOD.dyed("walnut")))
    last = Last(
        heel=choices.between("heel", 6, 60),
        platform=choices.between("platform", 18, 36),
        toe=choices.pick("toe", ("bulky", "round")),
        volume=1.0,
    )
    upper = choices.pick("material", (LEATHER, SUEDE)).dyed(
        choices.pick("colour", (*TOWN[::-1], "red", "mustard", "teal"))
    )
    draw = Drawing()
    draw.shadow(16, 398)
    end = choices.between("end", 0.56, 0.70)
    near = spline(last.front(0.42)[-1], last.over(0.5, 78), last.over(0.57, 44), last.over(end, 0))
    far = spline(last.front(0.42)[-1], last.over(0.53, 90), last.over(0.63, 52), last.over(end + 0.04, 2))
    opening(draw, near, far)
    flat_sole(draw, last, base, lip=5, breast=18 + last.heel * 0.5)
    draw.seam(shifted(last.feather[10:-8], 0, -9), base, 1.4)
    floor = last.feather[last.feather[:, 0] < near[-1, 0]]
    draw.part(join(last.front(0.42), near, floor[::-1]), upper, puff=18)
    detail = choices.pick("detail", ("buckle", "studs", "shearling", "", "heel strap"))
    if detail == "buckle":
        belt = spline(last.over(0.36, height_over(last, 0.36) - 2), last.over(0.42, 66), last.over(0.46, 8))
        strap(draw, belt, 24, upper, stitched=True)
        buckle(draw, *spot(belt, 0.5), 26, -62)
    elif detail == "studs":
        for p in shifted(last.feather[10:], 0, 7)[:: len(last.feather) // 14]:
            if p[0] < near[-1, 0] - 8:
                stud(draw, p[0], p[1], 3.4)
    elif detail == "shearling":
        cuff(draw, near[2:-3], 17, FUR, 7)
    elif detail == "heel strap":
        strap(draw, spline(last.over(end - 0.08, 34), last.over(0.85, 64), last.counter(66)[-1]), 17, upper)
        stud(draw, *last.over(end - 0.08, 34), 6)
    base_words = {"leather": "", "cork": "cork-sole", "rubber": "", "wood": "wooden-sole"}[base.name]
    return Piece(
        draw,
        phrase(upper.colour, upper.name, base_words, "clog", f"with {detail}" if detail else ""),
        upper.colour,
        choices.between("price", 45, 109),
        choices.pick("gender", ("Women", "Unisex")),
    )

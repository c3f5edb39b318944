"""Tall boots: riding, heeled, over-the-knee, wedge and slouch boots, cowboy boots."""

from __future__ import annotations

from index_builder.demo.art.boots.shafts import EARTH, Shaft
from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import at, rounded, shifted, spline, spot, sub
from index_builder.demo.art.painting.materials import LEATHER, PATENT, RUBBER, SUEDE, WOOD, Material
from index_builder.demo.art.painting.seeded_choices import Piece, SeededChoices, phrase
from index_builder.demo.art.painting.trims import buckle, laces, ring, strap, zipper
from index_builder.demo.art.shoes.heel_parts import heel, wedge
from index_builder.demo.art.shoes.heels import heel_for
from index_builder.demo.art.shoes.last import Last, thin_sole
from index_builder.demo.art.shoes.straps import height_over


def tall_boot(choices: SeededChoices) -> Piece:
    """Design a boot to the knee or above."""
    style = choices.pick("style", ("riding", "heeled", "heeled", "over-the-knee", "wedge", "slouch"))
    h = {"riding": 22.0, "slouch": 30.0}.get(style) or choices.between("heel", 50, 150)
    last = Last(
        heel=h,
        platform=8.0 if style != "wedge" else 20.0,
        toe=choices.pick("toe", ("round", "almond", "pointed", "square")),
    )
    upper = choices.pick("material", (LEATHER, SUEDE, LEATHER, PATENT)).dyed(choices.pick("colour", EARTH))
    top = 640.0 if style == "over-the-knee" else choices.between("top", 410, 520)
    shaft = Shaft(
        last,
        top,
        choices.between("width", 138, 170),
        slope=choices.between("slope", 0, 22),
        calf=12 if top < 600 else -8,
        dip=choices.pick("dip", (0.0, 18.0)),
    )
    draw = Drawing()
    draw.shadow(0.05 * last.back, 0.36 * last.back)
    shaft.opening(draw)
    shape = "stacked" if h < 45 else heel_for(choices, h)
    if style == "wedge":
        wedge(draw, last, WOOD.dyed("walnut"))
    else:
        heel(draw, last, shape, upper if h > 45 else WOOD.dyed("chocolate"))
        thin_sole(draw, last, RUBBER)
    draw.part(shaft.outline, upper, puff=22)
    detail = _dress_tall(draw, choices, shaft, upper, style)
    name = {"heeled": f"{shape}-heel knee boot", "wedge": "wedge knee boot"}.get(style, f"{style} boot")
    return Piece(
        draw,
        phrase(upper.colour, upper.name, name, f"with {detail}" if detail else ""),
        upper.colour,
        129 + h * 0.4 + top * 0.08,
        "Women",
    )


def _dress_tall(draw: Drawing, choices: SeededChoices, shaft: Shaft, upper: Material, style: str) -> str:
    """Draw folds, straps, laces or a zip on a tall boot. Returns the words for them."""
    if style == "slouch":
        for k in range(6):
            fold = shaft.across(0.08 + 0.15 * k, 20 + 4 * (k % 2))
            draw.seam(sub(fold, 0.04 * (k % 3), 0.9 - 0.12 * (k % 2)), upper, 3.2)
        return ""
    detail = choices.pick("detail", ("ankle buckle", "zip", "two buckles", "lacing", "harness rings", ""))
    draw.seam(shifted(shaft.side_seam()[8:], -8, 0), upper, 1.8)
    if detail in ("ankle buckle", "two buckles"):
        for f in (0.03, 0.9)[: 1 if detail == "ankle buckle" else 2]:
            belt = shaft.across(f, 10)
            strap(draw, belt, 24, upper, stitched=True)
            buckle(draw, *spot(belt, 0.5), 28)
    elif detail == "zip":
        zipper(draw, shaft.side_seam()[2:-14])
    elif detail == "lacing":
        laces(
            draw, shaft.shin(0.1, 0.96), 13, 19, "#3a2f2b" if upper.colour not in ("black", "chocolate") else "#cbb08a"
        )
    elif detail == "harness rings":
        belt = shaft.across(0.02, 6)
        strap(draw, belt, 18, upper)
        strap(draw, spline(at(belt, 0.55), shaft.last.over(0.68, 40), shaft.last.over(0.66, 2)), 18, upper)
        ring(draw, *spot(belt, 0.55), 17)
    return detail


def cowboy(choices: SeededChoices) -> Piece:
    """Design a boot with a scalloped rim and stitched flames."""
    last = Last(
        heel=choices.between("heel", 38, 62), platform=8, toe=choices.pick("toe", ("pointed", "almond", "square"))
    )
    upper = choices.pick("material", (LEATHER, SUEDE)).dyed(
        choices.pick("colour", ("tan", "white", "chocolate", "red", "black", "cognac"))
    )
    top = choices.between("top", 230, 400)
    shaft = Shaft(last, top, 158, slope=0, calf=8, dip=46)
    draw = Drawing()
    draw.shadow(0.05 * last.back, 0.36 * last.back)
    shaft.opening(draw)
    heel(draw, last, "cuban", WOOD.dyed("chocolate"))
    thin_sole(draw, last, LEATHER.dyed("chocolate"))
    draw.part(shaft.outline, upper, puff=21)
    foot = spline(
        last.over(0.50, height_over(last, 0.50)),
        last.over(0.56, 96),
        last.over(0.70, 60),
        last.over(0.86, 78),
        shaft.back[22],
    )
    draw.seam(foot, upper, 2.6)
    thread = upper.dyed("cream") if upper.colour != "white" else upper.dyed("tan")
    x, low = float(at(shaft.edge, 0.5)[0]), last.heel + 150
    high = float(at(shaft.edge, 0.5)[1]) - 12
    for k in range(choices.pick("rows", (2, 3, 4))):
        w, t = 52 - 12 * k, 10 + 10 * k
        flame = spline(
            (x - w, high + 18 - t),
            (x - w * 0.5, (high + low) / 2),
            (x - w * 0.75, low + 30 + t),
            (x + 6, low + t),
            (x + w * 0.85, low + 30 + t),
            (x + w * 0.55, (high + low) / 2),
            (x + w, high + 18 - t),
        )
        draw.stroke(flame, thread.hex, 2.8)
    toe = spline(last.over(0.10, 30), last.over(0.17, 46), last.over(0.22, 38), last.over(0.28, 60))
    draw.stroke(toe, thread.hex, 2.6)
    for end in (shaft.edge[2], shaft.edge[-3]):
        draw.part(rounded(end[0] - 6, end[1] - 30, end[0] + 6, end[1] + 14, 5), upper, puff=3)
    return Piece(
        draw,
        phrase(upper.colour, upper.name, "tall" if top > 310 else "short", f"{last.toe}-toe cowboy boot"),
        upper.colour,
        choices.between("price", 119, 229),
    )

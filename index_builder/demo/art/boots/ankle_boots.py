"""Heeled ankle boots and Chelsea boots."""

from __future__ import annotations

from index_builder.demo.art.boots.shafts import EARTH, Shaft, lugged
from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import at, join, shifted, spline, spot, sub
from index_builder.demo.art.painting.materials import LEATHER, NYLON, PATENT, RUBBER, SUEDE, VELVET, WOOD, Material
from index_builder.demo.art.painting.seeded_choices import Piece, SeededChoices, phrase
from index_builder.demo.art.painting.trims import STEEL, bow, buckle, fringe, strap, stud, zipper
from index_builder.demo.art.shoes.heel_parts import heel
from index_builder.demo.art.shoes.heels import heel_for
from index_builder.demo.art.shoes.last import Last, flat_sole, thin_sole
from index_builder.demo.art.shoes.straps import height_over


def chelsea(choices: SeededChoices) -> Piece:
    """Design a boot with elastic gores."""
    h = choices.pick("heel", (0.0, 0.0, 34.0, 62.0, 0.0))
    last = Last(
        heel=h,
        platform=5.0 if h else choices.between("sole", 14, 34),
        toe=choices.pick("toe", ("round", "almond", "square", "pointed")),
        volume=1.05,
    )
    upper = choices.pick("material", (SUEDE, LEATHER, LEATHER, PATENT)).dyed(choices.pick("colour", EARTH))
    shaft = Shaft(last, choices.between("top", 150, 225), 122, slope=choices.between("slope", -8, 8))
    draw = Drawing()
    draw.shadow(14, 402 if not h else 150)
    shaft.opening(draw)
    tab = shaft.back[-1]
    draw.part(
        spline(shifted(tab, -10, -26), shifted(tab, 4, 24), shifted(tab, 16, 14), shifted(tab, 6, -26)), upper, puff=4
    )
    if h:
        heel(draw, last, choices.pick("heel shape", ("stacked", "block", "cuban")), WOOD.dyed("chocolate"))
        thin_sole(draw, last, RUBBER)
        sole = "heeled"
    elif last.platform > 24:
        lugged(draw, last, RUBBER.dyed("black"))
        sole = "lug-sole"
    else:
        flat_sole(draw, last, RUBBER.dyed(choices.pick("sole colour", ("chocolate", "gum", "black"))), lip=5, breast=13)
        sole = ""
    draw.part(shaft.outline, upper, puff=20)
    wide, low = choices.between("gore", 42, 62), shaft.last.platform + h + choices.between("gore foot", 44, 74)
    x, y = at(shaft.edge, 0.5)
    gore = join(
        spline((x - wide / 2, y + 1), (x - wide / 2 + 3, (y + low) / 2), (x + 6, low)),
        spline((x + 12, low), (x + wide / 2, (y + low) / 2), (x + wide / 2 + 2, y + 1)),
    )
    draw.part(gore, NYLON.dyed("charcoal" if upper.colour == "black" else "black"), puff=5)
    for k in range(1, 6):
        draw.stroke(shifted(sub(gore, 0.02, 0.40), k * wide / 6.3, 0), "#6a666a", 1.4, 0.6)
    draw.stitch(spline((x + 6, low - 6), last.over(0.60, 22), last.over(0.59, 3)), upper)
    return Piece(
        draw,
        phrase(upper.colour, upper.name, sole, "Chelsea boot"),
        upper.colour,
        choices.between("price", 79, 199),
        choices.pick("gender", ("Men", "Women")),
    )


def ankle_boot(choices: SeededChoices) -> Piece:
    """Design a heeled boot that ends at the ankle."""
    h = choices.between("heel", 45, 150)
    last = Last(
        heel=h,
        platform=choices.pick("platform", (5.0, 5.0, 24.0)),
        toe=choices.pick("toe", ("pointed", "almond", "round", "square")),
        volume=1.0,
    )
    upper = choices.pick("material", (LEATHER, SUEDE, PATENT, VELVET)).dyed(
        choices.pick("colour", (*EARTH[3:], "white", "red", "plum", "teal", *EARTH[:3]))
    )
    shaft = Shaft(
        last,
        choices.between("top", 120, 205),
        choices.between("width", 116, 134),
        slope=choices.between("slope", -12, 14),
        dip=choices.pick("dip", (0.0, 0.0, 26.0)),
    )
    draw = Drawing()
    draw.shadow(0.05 * last.back, 0.36 * last.back)
    shaft.opening(draw)
    shape = heel_for(choices, h)
    heel(draw, last, shape, WOOD.dyed("chocolate") if shape == "cuban" else upper)
    thin_sole(draw, last, RUBBER)
    draw.part(shaft.outline, upper, puff=20)
    detail = choices.pick("detail", ("zip", "buckle", "bow", "double buckle", "studs", "fringe", "fold-over cuff"))
    _dress_ankle(draw, shaft, upper, detail)
    return Piece(
        draw,
        phrase(upper.colour, upper.name, f"{shape}-heel ankle boot with {detail}"),
        upper.colour,
        79 + h * 0.5,
        "Women",
    )


def _dress_ankle(draw: Drawing, shaft: Shaft, upper: Material, detail: str) -> None:
    """Draw the trims of an ankle boot: zip, buckles, bow, studs, fringe or cuff."""
    belt = shaft.across(0.12, 12)
    if detail in ("zip", "studs", "bow", "fold-over cuff"):
        draw.seam(
            spline(
                shaft.last.over(0.44, height_over(shaft.last, 0.44) - 2),
                shaft.last.over(0.50, 62),
                shaft.last.over(0.56, 26),
                shaft.last.over(0.55, 2),
            ),
            upper,
            2.2,
        )
    if detail == "zip":
        zipper(draw, shaft.side_seam()[2:-12])
    elif detail in ("buckle", "double buckle"):
        strap(draw, belt, 22, upper, stitched=True)
        buckle(draw, *spot(belt, 0.55), 26)
        if detail == "double buckle":
            upper_belt = shaft.across(0.66, 8)
            strap(draw, upper_belt, 22, upper, stitched=True)
            buckle(draw, *spot(upper_belt, 0.55), 26)
    elif detail == "bow":
        bow(draw, *spot(shaft.across(0.55), 0.72), 34, upper)
    elif detail == "studs":
        for k in range(9):
            stud(draw, *spot(belt, 0.06 + 0.11 * k), 5, STEEL)
    elif detail == "fringe":
        fringe(draw, shaft.across(0.82), 62, upper)
    else:
        rim = shaft.edge
        draw.part(
            join(shifted(rim, 0, 2), (shifted(rim, 0, -44) + (rim - rim.mean(axis=0)) * (0.07, 0))[::-1]),
            upper,
            puff=8,
            shade=-0.1,
        )

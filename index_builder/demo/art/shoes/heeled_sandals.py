"""Open raised shoes: heeled sandals and wedges."""

from __future__ import annotations

from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import join, spline
from index_builder.demo.art.painting.materials import CORK, LEATHER, METAL, PATENT, RUBBER, SATIN, STRAW, SUEDE, WOOD
from index_builder.demo.art.painting.seeded_choices import Piece, SeededChoices, phrase
from index_builder.demo.art.shoes.heel_parts import heel, wedge
from index_builder.demo.art.shoes.heels import DRESS, raised_shoe
from index_builder.demo.art.shoes.last import Last, thin_sole
from index_builder.demo.art.shoes.straps import ankle_strap, straps_on, topline


def heeled_sandal(choices: SeededChoices) -> Piece:
    """Design an open sandal on a heel."""
    draw, last, shape = raised_shoe(choices, 55, 165)
    last = Last(last.heel, last.platform, "round" if last.toe == "pointed" else "square", spring=5)
    upper = choices.pick("material", (LEATHER, SUEDE, SATIN, PATENT)).dyed(
        choices.pick("colour", DRESS[5:] + DRESS[:5])
    )
    heel(draw, last, shape, upper)
    thin_sole(draw, last, LEATHER.dyed("tan"), 7)
    cup = join(last.counter(62), spline(last.counter(62)[-1], last.over(0.87, 34), last.over(0.80, 1)))
    if ankle := choices.pick("ankle", (True, True, False)):
        draw.part(cup, upper, puff=8)
        ankle_strap(draw, last, upper, choices.between("strap rise", 120, 165), METAL)
    style = straps_on(draw, last, choices, upper)
    name = "sandal" if ankle else "mule sandal"
    return Piece(
        draw,
        phrase(upper.colour, upper.name, f"{shape}-heel {name} with {style}"),
        upper.colour,
        58 + last.heel * 0.4,
        "Women",
    )


def wedge_shoe(choices: SeededChoices) -> Piece:
    """Design a sandal, pump or espadrille on a wedge."""
    h = choices.between("heel", 60, 140)
    last = Last(
        heel=h,
        platform=choices.between("platform", 14, 42),
        toe=choices.pick("toe", ("round", "square", "almond")),
        spring=6,
    )
    draw = Drawing()
    base = choices.pick("base", (STRAW, CORK, WOOD.dyed("walnut"), LEATHER.dyed("tan"), STRAW, RUBBER.dyed("white")))
    upper = choices.pick("material", (LEATHER, SUEDE, LEATHER)).dyed(choices.pick("colour", DRESS[8:] + DRESS[:8]))
    wedge(draw, last, base, rows=3 if base is STRAW else choices.pick("rows", (0, 1, 2)))
    name = choices.pick("style", ("espadrille", "sandal", "sandal", "pump", "sandal"))
    if name == "sandal":
        style = straps_on(draw, last, choices, upper)
        if choices.pick("ankle", (True, False)):
            draw.part(
                join(last.counter(58), spline(last.counter(58)[-1], last.over(0.86, 30), last.over(0.78, 1))),
                upper,
                puff=8,
            )
            ankle_strap(draw, last, upper, 130, METAL)
    else:
        near, far = topline(last, 0.3, 40, 84), topline(last, 0.3, 40, 84, 14)
        draw.part(join(near, far[::-1]), LEATHER.dyed("sand"), shade=-0.1, puff=5)
        draw.part(last.shell(0.3, 84, near), upper, puff=16)
        style = "ankle strap" if name == "espadrille" else ""
        if style:
            ankle_strap(draw, last, upper, 150, METAL.dyed("steel"))
    words = {"jute": "rope", "white": "white"}.get(base.colour, base.name)
    title = phrase(upper.colour, upper.name, f"{words}-wedge {name}", f"with {style}" if style else "")
    return Piece(draw, title, upper.colour, 55 + h * 0.35, "Women")

"""Briefcases, satchels, messenger and laptop bags, belt bags."""

from __future__ import annotations

from index_builder.demo.art.bags.fittings import belt_down, tab, zip_line
from index_builder.demo.art.bags.materials import TONES
from index_builder.demo.art.bags.parts import arch, handles, pocket, quilting
from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import band, ellipse, join, line, rounded, spline
from index_builder.demo.art.painting.materials import CANVAS, LEATHER, METAL, NYLON, SUEDE
from index_builder.demo.art.painting.seeded_choices import Piece, SeededChoices, phrase
from index_builder.demo.art.painting.trims import ring

SOBER = (
    "chestnut",
    "black",
    "cognac",
    "navy",
    "chocolate",
    "tan",
    "oxblood",
    "olive",
    "grey",
    "forest",
)


def briefcase(choices: SeededChoices) -> Piece:
    """Design a flat bag for papers: satchel, briefcase, messenger or laptop bag."""
    body = choices.pick("material", (LEATHER, LEATHER, CANVAS, SUEDE)).dyed(choices.pick("colour", SOBER))
    trim = body if body.name == "leather" else LEATHER.dyed("chocolate")
    width, height = choices.between("width", 390, 460), choices.between("height", 260, 320)
    w, draw = width / 2, Drawing()
    style = choices.pick("style", ("satchel", "briefcase", "messenger bag", "satchel", "laptop bag"))
    draw.shadow(-w + 12, w - 12)
    if style == "messenger bag":
        draw.part(band(arch(-w + 10, w - 10, height - 40, 240, "triangle"), 24), trim, puff=7)
        for s in (-1, 1):
            ring(draw, s * (w - 10), height - 44, 16, METAL)
    else:
        handles(
            draw,
            arch(-58, 58, height - 6, choices.between("rise", 46, 84), "flat"),
            19,
            trim,
            front=style != "laptop bag",
        )
    draw.part(rounded(-w, 0, w, height, 20), body, puff=16)
    if style in ("satchel", "messenger bag"):
        drop = height * choices.between("drop", 0.5, 0.74)
        draw.part(rounded(-w * 0.72, 16, w * 0.72, height * 0.44, 12), body, puff=9)
        lid = join(
            line((-w - 3, height + 4), (w + 3, height + 4)),
            spline((w + 3, height - drop * 0.86), (w - 10, height - drop), (w - 34, height - drop - 3)),
            spline((-w + 34, height - drop - 3), (-w + 10, height - drop), (-w - 3, height - drop * 0.86)),
        )
        draw.part(lid, body, puff=14, shade=0.04)
        draw.stitch(rounded(-w + 6, height - drop + 6, w - 6, height - 4, 16), body)
        for x in (-w * 0.48, w * 0.48) if choices.pick("buckles", (True, True, False)) else (0.0,):
            belt_down(draw, x, height - drop * 0.5, drop * 0.62, trim, 26)
    elif style == "briefcase":
        zip_line(draw, line((-w + 26, height - 20), (w - 30, height - 20)))
        pocket(draw, -w * 0.86, 22, w * 0.86, height * 0.62, body, choices.pick("pocket", ("zip", "open", "flap")))
    else:
        handles(draw, arch(-72, 72, height - 30, 100, "flat"), 17, trim, front=True)
        for x in (-72, 72):
            tab(draw, x, height - 20, 28, 70, trim)
        zip_line(draw, line((-w * 0.8, height * 0.44), (w * 0.74, height * 0.44)))
        if choices.pick("quilted", (True, False)):
            quilting(draw, rounded(-w + 6, 8, w - 6, height * 0.40, 10), body, 40, "columns")
    return Piece(
        draw,
        phrase(body.colour, body.name, style),
        body.colour,
        choices.between("price", 79, 289),
        choices.pick("gender", ("Men", "Unisex")),
    )


def belt_bag(choices: SeededChoices) -> Piece:
    """Design a small zipped bag on a belt."""
    body = choices.pick("material", (NYLON, LEATHER, CANVAS)).dyed(choices.pick("colour", TONES))
    w, height, draw = choices.between("width", 300, 380) / 2, choices.between("height", 150, 210), Drawing()
    belt = spline(
        (-w + 14, height * 0.72),
        (-w - 46, height * 0.9),
        (-w * 0.6, height * 1.42),
        (0, height * 1.52),
        (w * 0.6, height * 1.42),
        (w + 46, height * 0.9),
        (w - 14, height * 0.72),
    )
    draw.shadow(-w + 24, w - 24)
    draw.part(band(belt, 24), body, puff=6, shade=-0.15)
    draw.part(rounded(-26, height * 1.52 - 20, 26, height * 1.52 + 20, 6), NYLON.dyed("black"), puff=4)
    front = spline(
        (-w, height * 0.8),
        (-w * 0.96, height * 0.3),
        (-w * 0.6, 6),
        (0, 0),
        (w * 0.6, 6),
        (w * 0.96, height * 0.3),
        (w, height * 0.8),
        (w * 0.7, height),
        (0, height * 1.03),
        (-w * 0.7, height),
        closed=True,
    )
    draw.part(front, body, puff=20)
    style = choices.pick("style", ("one zip", "two zips", "round patch"))
    zip_line(draw, spline((-w * 0.84, height * 0.72), (0, height * 0.82), (w * 0.80, height * 0.72)))
    if style == "two zips":
        zip_line(draw, spline((-w * 0.7, height * 0.42), (0, height * 0.48), (w * 0.66, height * 0.42)))
    elif style == "round patch":
        draw.part(ellipse(0, height * 0.4, 34, 34), LEATHER.dyed("tan"), puff=4)
    return Piece(
        draw, phrase(body.colour, body.name, "belt bag with", style), body.colour, choices.between("price", 19, 79)
    )

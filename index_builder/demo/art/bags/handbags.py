"""Bags carried by their handles: totes and handbags."""

from __future__ import annotations

import numpy as np

from index_builder.demo.art.bags.fittings import belt_down, charm, clasp, tab, zip_line
from index_builder.demo.art.bags.materials import HIDE, cloth, trim_for
from index_builder.demo.art.bags.parts import arch, handles, inside, pocket, quilting, trapezoid
from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import Line, inset, join, line, rounded, shifted, spline
from index_builder.demo.art.painting.materials import CANVAS, LEATHER, STRAW, SUEDE, Material
from index_builder.demo.art.painting.seeded_choices import Piece, SeededChoices, phrase
from index_builder.demo.art.painting.trims import stud, tassel


def tote(choices: SeededChoices) -> Piece:
    """Design an open bag on two handles."""
    body = cloth(choices, (LEATHER, CANVAS, STRAW, LEATHER, SUEDE))
    if body.name == "straw":
        body = body.dyed("jute")
    trim, draw = trim_for(choices, body), Drawing()
    bottom = choices.between("bottom", 270, 400)
    top = choices.between("top", 330, 470)
    height = choices.between("height", 250, 420)
    draw.shadow(-bottom / 2 + 6, bottom / 2 - 6)
    grip = choices.between("grip", 0.22, 0.34) * top
    curve = arch(
        -grip, grip, height - 34, choices.between("rise", 110, 240), choices.pick("arch", ("round", "flat", "triangle"))
    )
    width = choices.between("handle", 13, 24)
    handles(draw, curve, width, trim, front=False)
    front = trapezoid(bottom, top, height, choices.between("radius", 12, 50), choices.between("sag", 4, 22))
    draw.part(join(front[-29:], shifted(front[-29:][::-1], 0, 14)), body, shade=-0.4, puff=3)
    draw.part(front, body, puff=17)
    detail = choices.pick("detail", ("plain", "colour block", "front pocket", "stripes", "tassel", "tag", "studs"))
    _dress_tote(draw, detail, body, trim, bottom, height)
    rim = shifted(front[-29:], 0, -12)
    draw.stitch(rim[2:-2], body)
    handles(draw, curve, width, trim, front=True)
    for x in (-grip, grip):
        tab(draw, x, height - 26, width * 1.5, 62, trim, ringed=choices.pick("rings", (True, False)))
    words = f"with {detail}" if detail != "plain" else ""
    return Piece(
        draw,
        phrase(body.colour if body.name != "straw" else "natural", body.name, "tote bag", words),
        body.colour,
        choices.between("price", 35, 189),
        "Women",
    )


def _dress_tote(draw: Drawing, detail: str, body: Material, trim: Material, bottom: float, height: float) -> None:
    b = bottom / 2
    if detail == "colour block":
        block = trapezoid(bottom, bottom + 22, height * 0.34, 18)
        draw.part(block, trim.dyed("chocolate" if trim.colour == body.colour else trim.colour), puff=10)
    elif detail == "front pocket":
        pocket(draw, -b * 0.6, height * 0.16, b * 0.6, height * 0.60, body, "open")
    elif detail == "stripes":
        for k in range(4):
            y = height * (0.22 + 0.13 * k)
            draw.part(
                rounded(-b * 1.0 - 2, y, b * 1.0 + 2, y + height * 0.055, 3),
                body.dyed("navy" if body.colour not in ("navy", "black") else "cream"),
                puff=2,
                edge=0.9,
            )
    elif detail == "tassel":
        tassel(draw, b * 0.45, height * 0.62, 70, trim)
    elif detail == "tag":
        charm(draw, b * 0.25, height - 30, trim)
    elif detail == "studs":
        for x in np.linspace(-b * 0.86, b * 0.86, 11):
            stud(draw, float(x), height * 0.12, 6)


def handbag(choices: SeededChoices) -> Piece:
    """Design a structured bag carried by short handles."""
    body, draw = cloth(choices, HIDE), Drawing()
    trim = trim_for(choices, body)
    shape = choices.pick("shape", ("trapeze", "box", "dome", "bowling", "frame", "winged"))
    width, height = choices.between("width", 330, 420), choices.between("height", 220, 310)
    front = _outline_handbag(shape, width, height)
    draw.shadow(-width / 2 + 20, width / 2 - 20)
    double, grip = choices.pick("double", (True, False, True)), width * choices.between("grip", 0.17, 0.27)
    foot = height - (26 if shape not in ("dome", "bowling") else 44)
    curve = arch(-grip, grip, foot, choices.between("rise", 90, 160), choices.pick("arch", ("round", "flat", "round")))
    handles(draw, curve, 16, trim, front=False)
    if shape == "winged":
        for s in (-1, 1):
            wing = spline(
                (s * width * 0.44, height - 6),
                (s * width * 0.62, height - 22),
                (s * width * 0.60, height * 0.5),
                (s * width * 0.48, height * 0.3),
            )
            draw.part(wing, body, puff=9, shade=-0.18)
    draw.part(front, body, puff=20)
    detail = choices.pick("detail", ("belt and lock", "flap", "front zip", "buckles", "plain", "quilted"))
    _dress_handbag(draw, choices, detail, body, trim, front, width, height)
    if double or detail == "flap":
        handles(draw, curve, 16, trim, front=True)
    for x in (-grip, grip):
        tab(draw, x, foot + 2, 26, 48, trim)
    if choices.pick("charm", (False, True, False)):
        charm(draw, grip + 4, foot + 10, trim)
    words = {"plain": "", "quilted": "", "flap": "with flap", "front zip": "with front zip"}.get(
        detail, f"with {detail}"
    )
    title = phrase(body.colour, "quilted" if detail == "quilted" else "", body.name, shape, "handbag", words)
    return Piece(draw, title, body.colour, choices.between("price", 69, 329), "Women")


def _outline_handbag(shape: str, width: float, height: float) -> Line:
    w = width / 2
    if shape == "dome":
        return join(
            spline((-w, 34), (-w + 8, 8), (-w + 34, 0)),
            spline((w - 34, 0), (w - 8, 8), (w, 34)),
            spline(
                (w, 34),
                (w * 0.90, height * 0.62),
                (w * 0.5, height * 0.95),
                (0, height),
                (-w * 0.5, height * 0.95),
                (-w * 0.90, height * 0.62),
                (-w, 34),
            ),
        )
    if shape == "bowling":
        return join(
            spline((-w, 40), (-w + 10, 9), (-w + 42, 0)),
            spline((w - 42, 0), (w - 10, 9), (w, 40)),
            spline(
                (w, 40),
                (w * 0.96, height * 0.7),
                (w * 0.72, height * 0.97),
                (0, height),
                (-w * 0.72, height * 0.97),
                (-w * 0.96, height * 0.7),
                (-w, 40),
            ),
        )
    if shape == "frame":
        return join(
            spline((-w * 0.7, height), (-w * 0.86, height * 0.75), (-w, height * 0.25), (-w * 0.8, 4), (-w * 0.5, 0)),
            spline((w * 0.5, 0), (w * 0.8, 4), (w, height * 0.25), (w * 0.86, height * 0.75), (w * 0.7, height)),
        )
    return trapezoid(width, width * {"trapeze": 0.80, "box": 1.0, "winged": 0.92}[shape], height, 26, 5)


def _dress_handbag(
    draw: Drawing,
    choices: SeededChoices,
    detail: str,
    body: Material,
    trim: Material,
    front: Line,
    width: float,
    height: float,
) -> None:
    lock = choices.pick("clasp", ("turn", "push", "ring", "bar"))
    top = height - 8
    if detail == "flap":
        drop, w = height * choices.between("drop", 0.38, 0.62), width * 0.44
        lid = join(
            line((-w, top), (w, top)),
            spline(
                (w, top),
                (w * 0.98, top - drop * 0.72),
                (w * 0.72, top - drop),
                (0, top - drop - 6),
                (-w * 0.72, top - drop),
                (-w * 0.98, top - drop * 0.72),
                (-w, top),
            ),
        )
        draw.part(lid, body, puff=13)
        draw.stitch(inset(lid, 7)[6:-6], body)
        clasp(draw, 0, top - drop + 14, lock)
    elif detail == "belt and lock":
        y = height * 0.72
        across = inside(front, line((-width, y), (width, y)))
        reach = float(across[1, 0]) - 2 if across is not None else width * 0.4
        draw.part(rounded(-reach, y - 11, reach, y + 11, 4), trim, puff=5)
        draw.part(rounded(-13, y - 30, 13, top + 4, 6), trim, puff=5)
        clasp(draw, 0, y - 4, lock)
    elif detail == "front zip":
        zip_line(draw, line((-width * 0.30, height * 0.64), (width * 0.30, height * 0.64)))
        draw.seam(line((-width * 0.48, height * 0.18), (width * 0.48, height * 0.18)), body, 2.4)
    elif detail == "buckles":
        for x in (-width * 0.27, width * 0.27):
            belt_down(draw, x, height * 0.80, height * 0.42, trim, 22)
    elif detail == "quilted":
        quilting(
            draw, front, body, choices.between("gap", 34, 52), choices.pick("quilting", ("diamond", "columns", "rows"))
        )
        clasp(draw, 0, height * 0.8, lock)
    else:
        draw.seam(spline((-width * 0.46, height * 0.36), (0, height * 0.28), (width * 0.46, height * 0.36)), body, 2.6)

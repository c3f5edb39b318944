"""Bags worn over the shoulder: flap bags, hobos, bucket bags."""

from __future__ import annotations

import numpy as np

from index_builder.demo.art.bags.fittings import chain, clasp, tab, zip_line
from index_builder.demo.art.bags.materials import HIDE, TONES, cloth, trim_for
from index_builder.demo.art.bags.parts import arch, quilting, trapezoid
from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import Line, band, ellipse, inset, join, line, shifted, spline
from index_builder.demo.art.painting.materials import CANVAS, LEATHER, METAL, STRAW, SUEDE, Material
from index_builder.demo.art.painting.seeded_choices import Piece, SeededChoices, phrase
from index_builder.demo.art.painting.trims import bow, fringe, stud, tassel


def shoulder(choices: SeededChoices) -> Piece:
    """Design a flap bag on a long strap or chain."""
    body, draw = cloth(choices, HIDE, TONES[7:] + TONES[:7]), Drawing()
    width, height = choices.between("width", 300, 400), choices.between("height", 190, 270)
    w, strap_kind = width / 2, choices.pick("strap", ("chain", "leather", "chain", "wide"))
    rise = choices.between("rise", 170, 330)
    curve = arch(-w + 16, w - 16, height - 30, rise, choices.pick("arch", ("round", "triangle")))
    draw.shadow(-w + 12, w - 12)
    if strap_kind == "chain":
        chain(draw, curve, 10)
    else:
        draw.part(band(curve, 13 if strap_kind == "leather" else 26), body, puff=6)
    base = choices.pick("base", ("soft", "boxy", "half-moon"))
    front = trapezoid(width, width * 0.96, height, {"soft": 44, "boxy": 14, "half-moon": height * 0.55}[base], 2)
    draw.part(front, body, puff=19)
    kind = choices.pick("flap", ("curved", "pointed", "straight", "half", "asymmetric"))
    lid = _outline_flap(kind, w * 1.01, height + 5, height * choices.between("drop", 0.55, 0.78))
    quilt = choices.pick("quilt", ("", "", "diamond", "columns"))
    draw.part(lid, body, puff=15)
    if quilt:
        quilting(draw, lid, body, choices.between("gap", 34, 46), quilt)
    else:
        draw.stitch(inset(lid, 8)[5:-5], body)
    tip = (
        lid[lid[:, 1] < lid[:, 1].min() + 1.5].mean(axis=0)
        if kind == "asymmetric"
        else np.array([0.0, lid[:, 1].min()])
    )
    clasp(draw, float(tip[0]), float(tip[1]) + 20, choices.pick("clasp", ("turn", "push", "ring", "bar", "knot")))
    words = {"chain": "with chain strap", "leather": "with leather strap", "wide": "with wide strap"}[strap_kind]
    title = phrase(body.colour, "quilted" if quilt else "", body.name, f"{kind}-flap shoulder bag", words)
    return Piece(draw, title, body.colour, choices.between("price", 59, 289), "Women")


def _outline_flap(kind: str, w: float, top: float, drop: float) -> Line:
    """Return a lid hanging from `top`, 2w wide."""
    sides = {
        "curved": [
            (w, top),
            (w * 0.97, top - drop * 0.55),
            (w * 0.62, top - drop * 0.93),
            (0, top - drop),
            (-w * 0.62, top - drop * 0.93),
            (-w * 0.97, top - drop * 0.55),
            (-w, top),
        ],
        "straight": [
            (w, top),
            (w, top - drop * 0.8),
            (w - 16, top - drop + 4),
            (w - 40, top - drop),
            (0, top - drop - 1),
            (-w + 40, top - drop),
            (-w + 16, top - drop + 4),
            (-w, top - drop * 0.8),
            (-w, top),
        ],
        "half": [
            (w, top),
            (w * 0.8, top - drop * 0.42),
            (w * 0.2, top - drop * 0.55),
            (0, top - drop * 0.56),
            (-w * 0.2, top - drop * 0.55),
            (-w * 0.8, top - drop * 0.42),
            (-w, top),
        ],
        "asymmetric": [
            (w, top),
            (w * 0.98, top - drop * 0.5),
            (w * 0.55, top - drop),
            (w * 0.2, top - drop * 0.9),
            (-w * 0.6, top - drop * 0.45),
            (-w, top),
        ],
    }
    if kind == "pointed":
        return join(
            line((-w, top), (w, top), (w * 0.97, top - drop * 0.3)),
            spline((w * 0.1, top - drop * 0.97), (0, top - drop), (-w * 0.1, top - drop * 0.97)),
            line((-w * 0.97, top - drop * 0.3)),
        )
    return spline(*sides[kind])


def hobo(choices: SeededChoices) -> Piece:
    """Design a soft crescent hanging from one wide strap."""
    body, draw = cloth(choices, (SUEDE, LEATHER, CANVAS), TONES[3:] + TONES[:3]), Drawing()
    width = choices.between("width", 340, 430)
    height = choices.between("height", 210, 300)
    rise = choices.between("rise", 170, 290)
    w, dip = width / 2, choices.between("dip", 40, 100)
    draw.shadow(-w * 0.7, w * 0.7)
    neck = choices.between("neck", 20, 40)
    curve = arch(-w * 0.88, w * 0.88, height - 10, rise, choices.pick("arch", ("round", "triangle")))
    draw.part(band(curve, neck), body, puff=8)
    rim = spline(
        (w * 0.92, height + 8),
        (w * 0.45, height - dip * 0.8),
        (0, height - dip),
        (-w * 0.45, height - dip * 0.8),
        (-w * 0.92, height + 8),
    )
    bowl = spline(
        (-w * 0.92, height + 8),
        (-w, height * 0.55),
        (-w * 0.82, height * 0.14),
        (-w * 0.4, 0),
        (w * 0.4, 0),
        (w * 0.82, height * 0.14),
        (w, height * 0.55),
        (w * 0.92, height + 8),
    )
    draw.part(join(bowl, rim), body, puff=26)
    detail = choices.pick("detail", ("zip", "fringe", "slouch folds", "knots", "stud trim"))
    _dress_hobo(draw, detail, body, rim, w, height)
    for s in (-1, 1):
        if detail == "knots":
            bow(draw, s * w * 0.88, height + 6, 38, body, s * 20)
        else:
            tab(draw, s * w * 0.87, height + 14, neck + 4, 44, body, ringed=False)
    return Piece(
        draw,
        phrase(body.colour, body.name, "hobo bag with", detail),
        body.colour,
        choices.between("price", 49, 219),
        "Women",
    )


def _dress_hobo(draw: Drawing, detail: str, body: Material, rim: Line, w: float, height: float) -> None:
    """Draw the zip, fringe, folds or studs of a hobo bag."""
    if detail == "zip":
        zip_line(draw, shifted(rim[8:-8], 0, -14))
    elif detail == "fringe":
        fringe(
            draw,
            spline((-w * 0.9, height * 0.42), (0, height * 0.34), (w * 0.9, height * 0.42)),
            height * 0.5,
            body,
            22,
        )
    elif detail == "slouch folds":
        for s in (-1, 1):
            for k in range(3):
                draw.seam(
                    spline(
                        (s * w * (0.86 - 0.1 * k), height * (0.86 - 0.06 * k)),
                        (s * w * (0.55 - 0.12 * k), height * (0.5 - 0.05 * k)),
                        (s * w * (0.3 - 0.1 * k), height * 0.32),
                    ),
                    body,
                    2.6,
                )
    elif detail == "stud trim":
        for p in shifted(rim, 0, -16)[4:-3:5]:
            stud(draw, p[0], p[1], 5.5)


def bucket(choices: SeededChoices) -> Piece:
    """Design a bag with a drawstring."""
    body, draw = cloth(choices, (LEATHER, SUEDE, STRAW, CANVAS), TONES[11:] + TONES[:11]), Drawing()
    body = body.dyed("jute") if body.name == "straw" else body
    trim = trim_for(choices, body)
    bottom = choices.between("bottom", 200, 290)
    top = choices.between("top", 240, 330)
    height = choices.between("height", 260, 340)
    draw.shadow(-bottom / 2, bottom / 2)
    draw.part(
        band(
            arch(-top / 2 + 14, top / 2 - 14, height - 40, choices.between("rise", 180, 320)),
            choices.between("strap", 11, 24),
        ),
        trim,
        puff=5,
    )
    t = top / 2
    rim = spline(
        *[
            (t * (0.92 + 0.07 * (k % 2)) * np.cos(a), height + 16 * np.sin(a) + 7 * (k % 2))
            for k, a in enumerate(np.linspace(0, 2 * np.pi, 22, endpoint=False))
        ],
        closed=True,
    )
    draw.part(rim, body, shade=-0.45, puff=6)
    draw.part(trapezoid(bottom, top, height, 26, 16), body, puff=22)
    _draw_drawstring(draw, trim, t, height - 52)
    detail = choices.pick("base", ("leather base", "plain", "stitched base"))
    if detail != "plain":
        draw.part(trapezoid(bottom, bottom + 12, height * 0.22, 24), trim if detail == "leather base" else body, puff=9)
    return Piece(
        draw,
        phrase(
            body.colour if body.name != "straw" else "natural",
            body.name,
            "bucket bag",
            f"with {detail}" if detail != "plain" else "with drawstring",
        ),
        body.colour,
        choices.between("price", 49, 199),
        "Women",
    )


def _draw_drawstring(draw: Drawing, trim: Material, t: float, y: float) -> None:
    """Draw the drawstring of a bucket bag, 2t wide, with its eyelets and tassels at height y."""
    draw.stroke(spline((-t * 0.92, y + 8), (0, y - 8), (t * 0.92, y + 8)), trim.hex, 6)
    for x in np.linspace(-t * 0.75, t * 0.75, 6):
        draw.part(
            ellipse(float(x), y - 7 + 16 * (x / t) ** 2, 8, 8),
            METAL,
            puff=2,
            holes=(ellipse(float(x), y - 7 + 16 * (x / t) ** 2, 4, 4),),
        )
    for s in (-1, 1):
        draw.stroke(spline((s * 6, y - 8), (s * 20, y - 50), (s * 14, y - 92)), trim.hex, 6)
        tassel(draw, s * 16, y - 88, 40, trim)

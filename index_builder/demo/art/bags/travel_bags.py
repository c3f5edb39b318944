"""Bags for travel: backpacks and duffels."""

from __future__ import annotations

from index_builder.demo.art.bags.fittings import belt_down, zip_line
from index_builder.demo.art.bags.parts import arch, handles, pocket
from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import Line, band, join, line, rounded, spline
from index_builder.demo.art.painting.materials import CANVAS, LEATHER, NYLON, Material
from index_builder.demo.art.painting.seeded_choices import Piece, SeededChoices, phrase
from index_builder.demo.art.painting.trims import buckle

OUTDOOR = (
    "navy",
    "olive",
    "black",
    "mustard",
    "grey",
    "teal",
    "rust",
    "red",
    "forest",
    "sky",
    "charcoal",
    "coral",
    "sand",
    "plum",
)


def backpack(choices: SeededChoices) -> Piece:
    """Design a bag worn on the back."""
    body = choices.pick("material", (NYLON, CANVAS, LEATHER, CANVAS)).dyed(choices.pick("colour", OUTDOOR))
    trim = LEATHER.dyed(choices.pick("trim", ("tan", "chocolate", "black", "cognac")))
    width, height = choices.between("width", 270, 350), choices.between("height", 360, 460)
    w, draw = width / 2, Drawing()
    draw.shadow(-w + 16, w - 16)
    for s in (-1, 1):
        strap = spline(
            (s * w * 0.45, height - 10), (s * (w + 22), height * 0.84), (s * (w + 34), height * 0.45), (s * (w - 4), 40)
        )
        draw.part(band(strap, 30, 14), body if choices.pick("strap", (True, False)) else trim, puff=7, shade=-0.15)
    handles(draw, arch(-34, 34, height - 14, choices.between("loop", 38, 66)), 14, trim, front=True)
    crown = choices.pick("crown", ("dome", "square", "flap", "roll-top", "flap"))
    high = {"dome": 0.95, "square": 0.42, "flap": 0.5, "roll-top": 0.12}[crown] * w
    for s in (-1, 1) if choices.pick("side pockets", (True, False)) else ():
        draw.part(rounded(s * w - 24, 20, s * w + 24, height * 0.42, 16), body, puff=9, shade=-0.12)
    draw.part(_outline_backpack(w, height, high), body, puff=22)
    style = choices.pick("pocket", ("zip", "buckled", "open", "flap", "two pockets"))
    low, top = height * 0.06, height * choices.between("pocket top", 0.38, 0.48)
    if style == "two pockets":
        for s in (-1, 1):
            pocket(draw, s * w * 0.46 - w * 0.36, low + 8, s * w * 0.46 + w * 0.36, top, body, "flap")
    else:
        pocket(draw, -w * 0.74, low, w * 0.74, top, body, style)
    _draw_crown(draw, crown, body, trim, w, height, high)
    name = {
        "dome": "round-top backpack",
        "square": "backpack",
        "flap": "flap backpack",
        "roll-top": "roll-top backpack",
    }[crown]
    words = {
        "zip": "with zip pocket",
        "buckled": "with buckled pocket",
        "open": "with patch pocket",
        "flap": "with flap pocket",
    }.get(style, "with two pockets")
    return Piece(draw, phrase(body.colour, body.name, name, words), body.colour, choices.between("price", 39, 169))


def _outline_backpack(w: float, height: float, high: float) -> Line:
    """Return an outline 2w wide, rounded by `high` above."""
    return join(
        spline((-w, 46), (-w + 12, 12), (-w + 46, 0)),
        spline((w - 46, 0), (w - 12, 12), (w, 46)),
        spline(
            (w, height - high),
            (w * 0.93, height - high * 0.35),
            (w * 0.66, height - high * 0.04),
            (0, height),
            (-w * 0.66, height - high * 0.04),
            (-w * 0.93, height - high * 0.35),
            (-w, height - high),
        ),
    )


def _draw_crown(
    draw: Drawing, crown: str, body: Material, trim: Material, w: float, height: float, high: float
) -> None:
    """Draw the closure of a backpack."""
    if crown in ("dome", "square"):
        zipper = spline(
            (w * 0.97, height * 0.55),
            (w * 0.90, height - high * 0.75),
            (w * 0.5, height - high * 0.22),
            (0, height - high * 0.16 - 8),
            (-w * 0.5, height - high * 0.22),
            (-w * 0.90, height - high * 0.75),
            (-w * 0.97, height * 0.55),
        )
        zip_line(draw, zipper)
        draw.part(rounded(-24, height * 0.62, 24, height * 0.72, 6), trim, puff=3)
    elif crown == "flap":
        drop = height * 0.52
        lid = join(
            spline(
                (-w * 0.96, height - drop + 20),
                (-w * 1.0, height - high * 0.5),
                (-w * 0.66, height + 2),
                (0, height + 8),
                (w * 0.66, height + 2),
                (w * 1.0, height - high * 0.5),
                (w * 0.96, height - drop + 20),
            ),
            spline((w * 0.8, height - drop + 2), (0, height - drop - 8), (-w * 0.8, height - drop + 2)),
        )
        draw.part(lid, body, puff=16, shade=0.04)
        for s in (-1, 1):
            belt_down(draw, s * w * 0.46, height - drop * 0.55, drop * 0.68, trim, 20)
    else:
        draw.part(rounded(-w * 1.04, height - 44, w * 1.04, height + 16, 22), body, puff=12)
        draw.seam(line((-w * 0.98, height - 16), (w * 0.98, height - 16)), body, 2)
        belt_down(draw, 0, height + 10, 130, trim, 24)


def duffel(choices: SeededChoices) -> Piece:
    """Design a long soft bag for travel."""
    body = choices.pick("material", (CANVAS, LEATHER, NYLON)).dyed(choices.pick("colour", OUTDOOR[4:] + OUTDOOR[:4]))
    trim = LEATHER.dyed(choices.pick("trim", ("tan", "chocolate", "black")))
    width, height = choices.between("width", 440, 540), choices.between("height", 200, 270)
    w, draw = width / 2, Drawing()
    draw.shadow(-w + 20, w - 20)
    grip = w * choices.between("grip", 0.26, 0.40)
    curve = arch(-grip, grip, height * 0.86, choices.between("rise", 80, 140), choices.pick("arch", ("round", "flat")))
    handles(draw, curve, 17, trim, front=False)
    shape = choices.pick("shape", ("barrel", "dome", "boxy"))
    shoulder = {"barrel": 0.5, "dome": 0.62, "boxy": 0.26}[shape] * height
    low = {"barrel": 0.42, "dome": 0.16, "boxy": 0.2}[shape] * height
    draw.part(_outline_duffel(w, height, shoulder, low), body, puff=26)
    zip_line(draw, line((-w + shoulder * 0.8, height - 14), (w - shoulder * 0.8, height - 14)))
    detail = choices.pick("detail", ("end caps", "front pocket", "stripes", "straps"))
    _dress_duffel(draw, detail, body, trim, w, height, low)
    for x in (-grip, grip):
        draw.part(band(line((x, 4), (x, height * 0.88)), 22), trim, puff=5)
        if detail == "straps":
            buckle(draw, x, height * 0.45, 26, 90)
    handles(draw, curve, 17, trim, front=True)
    draw.part(
        rounded(-34, height * 0.86 + (curve[:, 1].max() - height * 0.86) - 16, 34, curve[:, 1].max() + 14, 10),
        trim,
        puff=6,
    )
    return Piece(
        draw,
        phrase(body.colour, body.name, shape, "duffel bag with", detail),
        body.colour,
        choices.between("price", 59, 249),
    )


def _outline_duffel(w: float, height: float, shoulder: float, low: float) -> Line:
    """Return an outline rounded by `shoulder` above and by `low` below."""
    return join(
        spline((-w, low), (-w + low * 0.3, low * 0.26), (-w + low, 0)),
        spline((w - low, 0), (w - low * 0.3, low * 0.26), (w, low)),
        spline((w, height - shoulder), (w - shoulder * 0.22, height - shoulder * 0.26), (w - shoulder, height)),
        spline((-w + shoulder, height), (-w + shoulder * 0.22, height - shoulder * 0.26), (-w, height - shoulder)),
    )


def _dress_duffel(
    draw: Drawing, detail: str, body: Material, trim: Material, w: float, height: float, low: float
) -> None:
    """Draw the end caps, pocket or stripes on the front of a duffel bag."""
    if detail == "end caps":
        for s in (-1, 1):
            cap = spline(
                (s * (w - 2), height * 0.5 + 40),
                (s * (w - 70), height * 0.62),
                (s * (w - 84), height * 0.3),
                (s * (w - 66), 3),
                (s * (w - low * 0.9), 2),
                (s * (w - 2), low),
            )
            draw.part(cap, trim, puff=10)
    elif detail == "front pocket":
        pocket(draw, -w * 0.42, 22, w * 0.42, height * 0.62, body, "zip")
    elif detail == "stripes":
        for k in (0, 1):
            draw.part(rounded(-w + 5, height * (0.34 + 0.16 * k), w - 5, height * (0.43 + 0.16 * k), 3), trim, puff=3)

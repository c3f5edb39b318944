"""Clutches."""

from __future__ import annotations

from index_builder.demo.art.bags.fittings import chain, clasp, zip_line
from index_builder.demo.art.bags.materials import TONES, cloth
from index_builder.demo.art.bags.parts import arch, quilting
from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import band, inset, join, line, rounded, spline
from index_builder.demo.art.painting.materials import LEATHER, METAL, PATENT, SATIN, SUEDE, VELVET, Material
from index_builder.demo.art.painting.seeded_choices import Piece, SeededChoices, phrase
from index_builder.demo.art.painting.trims import bow, stud


def clutch(choices: SeededChoices) -> Piece:
    """Design a small bag without handles."""
    body = cloth(
        choices, (SATIN, VELVET, LEATHER, PATENT, SUEDE), (*TONES[5:], "gold", "silver", "fuchsia", *TONES[:5])
    )
    draw = Drawing()
    width, height = choices.between("width", 360, 440), choices.between("height", 170, 250)
    w, style = width / 2, choices.pick("style", ("envelope", "frame", "box", "fold-over", "bow", "pouch"))
    draw.shadow(-w + 14, w - 14)
    if style == "frame":
        _draw_kiss_lock(draw, w, height, body, choices.pick("pleats", (5, 7, 9)))
    else:
        draw.part(rounded(-w, 0, w, height, {"box": 8, "pouch": 34}.get(style, 18)), body, puff=14)
    _dress_clutch(draw, choices, style, w, height, body)
    if choices.pick("chain", (False, True, False)) and style in ("frame", "box", "envelope"):
        chain(draw, arch(-w * 0.8, w * 0.8, height, choices.between("chain rise", 110, 190)), 9)
    return Piece(
        draw, phrase(body.colour, body.name, style, "clutch"), body.colour, choices.between("price", 29, 149), "Women"
    )


def _draw_kiss_lock(draw: Drawing, w: float, height: float, body: Material, pleats: int) -> None:
    """Draw a pleated pouch in a metal frame that closes with two balls."""
    front = join(
        spline((-w * 0.84, height), (-w, height * 0.35), (-w * 0.72, 0), (-w * 0.5, 0)),
        spline((w * 0.5, 0), (w * 0.72, 0), (w, height * 0.35), (w * 0.84, height)),
    )
    draw.part(front, body, puff=24)
    for k in range(pleats):
        x = -w * 0.6 + 1.2 * w * k / 8
        draw.seam(spline((x * 0.9, height - 26), (x * 1.08, height * 0.5), (x * 1.02, height * 0.16)), body, 1.8)
    draw.part(rounded(-w * 0.87, height - 20, w * 0.87, height + 4, 10), METAL, puff=5)
    for s in (-1, 1):
        stud(draw, s * 10, height + 15, 13)


def _dress_clutch(draw: Drawing, choices: SeededChoices, style: str, w: float, height: float, body: Material) -> None:
    """Draw the closure of a clutch."""
    if style == "envelope":
        depth = choices.between("depth", 0.5, 0.8)
        lid = join(
            line((-w, height), (w, height), (w - 4, height - 22)),
            spline((16, height * (1 - depth) + 8), (0, height * (1 - depth)), (-16, height * (1 - depth) + 8)),
            line((-w + 4, height - 22)),
        )
        draw.part(lid, body, puff=10)
        draw.stitch(inset(lid, 8)[3:-1], body)
        clasp(draw, 0, height * (1 - depth) + 24, choices.pick("clasp", ("turn", "ring", "push")))
    elif style == "fold-over":
        draw.part(
            rounded(-w - 3, height * choices.between("fold", 0.3, 0.5), w + 3, height + 6, 14),
            body,
            puff=12,
            shade=0.06,
        )
    elif style == "box":
        draw.part(rounded(-w - 4, height * 0.52, w + 4, height * 0.52 + 10, 4), METAL, puff=3)
        clasp(draw, 0, height * 0.56, choices.pick("clasp", ("knot", "turn", "push")))
        quilting(
            draw, rounded(-w, 0, w, height * 0.5, 4), body, 44, choices.pick("face", ("columns", "diamond", "rows"))
        )
    elif style == "bow":
        bow(draw, 0, height * 0.55, height * 0.62, body)
    elif style == "pouch":
        zip_line(draw, line((-w + 28, height - 28), (w - 34, height - 28)))
        loop = spline(
            (w - 34, height - 30),
            (w + 40, height - 60),
            (w + 54, height - 150),
            (w + 10, height - 130),
            (w - 30, height - 44),
        )
        draw.part(band(loop, 13), body, puff=4)

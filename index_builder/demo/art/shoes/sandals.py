"""Flat sandals: slides, flip-flops, gladiators, footbed and trekking sandals."""

from __future__ import annotations

from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import band, ellipse, join, shifted, spline, spot
from index_builder.demo.art.painting.materials import CORK, FUR, LEATHER, METAL, NYLON, RUBBER, STRAW, SUEDE, Material
from index_builder.demo.art.painting.seeded_choices import Piece, SeededChoices, phrase
from index_builder.demo.art.painting.trims import bow, buckle, cuff, ring, strap
from index_builder.demo.art.shoes.last import Last, flat_sole
from index_builder.demo.art.shoes.straps import ankle_strap, strap_over

SUMMER = (
    "tan",
    "black",
    "white",
    "gold",
    "coral",
    "navy",
    "mint",
    "red",
    "cognac",
    "yellow",
    "silver",
    "fuchsia",
    "olive",
)


def _draw_bed(choices: SeededChoices, low: float, high: float, base: Material, lip: float = 3) -> tuple[Drawing, Last]:
    last = Last(
        heel=choices.pick("rise", (2.0, 8.0, 16.0)),
        platform=choices.between("sole", low, high),
        toe=choices.pick("toe", ("round", "square")),
        spring=4,
    )
    draw = Drawing()
    draw.shadow(10, 400)
    flat_sole(draw, last, base, lip=lip)
    draw.part(
        band(shifted(last.feather[3:-1], 0, 1), 6),
        LEATHER.dyed(choices.pick("bed", ("sand", "tan", "chocolate", "beige"))),
        puff=2,
    )
    return draw, last


def slide(choices: SeededChoices) -> Piece:
    """Design a backless sandal with straps over the forefoot."""
    base = choices.pick("base", (CORK, RUBBER.dyed("black"), RUBBER.dyed("white"), STRAW, CORK))
    upper = choices.pick("material", (LEATHER, SUEDE, RUBBER)).dyed(choices.pick("colour", SUMMER))
    draw, last = _draw_bed(choices, 16, 46, base)
    style = choices.pick("style", ("one-strap", "two-strap", "cross-strap", "fluffy"))
    if style == "two-strap":
        for foot, tall in ((0.18, 66.0), (0.42, 88.0)):
            strap_over(draw, last, foot, 0.0, tall, 78, upper)
            buckle(draw, *last.over(foot + 0.01, tall * 0.5), 24, 96)
    elif style == "cross-strap":
        strap_over(draw, last, 0.42, -0.14, 84, 32, upper)
        strap_over(draw, last, 0.20, 0.14, 88, 32, upper)
    else:
        strap_over(draw, last, 0.29, 0.0, 94, choices.between("width", 76, 120), upper)
        if style == "fluffy":
            half = 0.11
            arch = spline(
                last.over(0.29 - half, 6),
                last.over(0.29 - half + 0.03, 62),
                last.over(0.30, 88),
                last.over(0.29 + half, 92),
                last.over(0.29 + half + 0.03, 6),
            )
            draw.part(join(arch), FUR.dyed(upper.colour), puff=16)
            cuff(draw, arch, 26, FUR.dyed(upper.colour), 12)
        elif choices.pick("ornament", (True, False)):
            x, y = last.over(0.28, 52)
            draw.part(ellipse(x, y, 20, 15), METAL, puff=3, holes=(ellipse(x, y, 12, 8),))
    words = {"cork": "cork-bed", "rope": "", "straw": "rope-sole"}.get(base.name, "")
    return Piece(
        draw,
        phrase(upper.colour, upper.name if style != "fluffy" else "", words, style, "slide"),
        upper.colour,
        choices.between("price", 19, 79),
    )


def flip_flop(choices: SeededChoices) -> Piece:
    """Design a sandal held between the toes."""
    base = RUBBER.dyed(choices.pick("base", ("black", "sky", "coral", "navy", "mint", "sand")))
    upper = choices.pick("material", (RUBBER, LEATHER, SUEDE)).dyed(choices.pick("colour", SUMMER[::-1]))
    draw, last = _draw_bed(choices, 14, 40, base, lip=4)
    width, end = choices.between("width", 11, 24), choices.between("end", 0.46, 0.6)
    post = last.over(0.15, choices.between("post", 34, 46))
    far = spline(post, last.over(0.32, 66), last.over(end + 0.05, 6))
    draw.part(band(far, width * 0.6, width), upper, puff=3, shade=-0.3)
    draw.part(band(spline(last.over(0.135, 2), last.over(0.14, 22), post), 8), upper, puff=2)
    near = spline((post[0] - 2, post[1] + 2), last.over(0.26, 58), last.over(end - 0.12, 42), last.over(end, 2))
    draw.part(band(near, width * 0.7, width * 1.25), upper, puff=width * 0.25)
    detail = choices.pick("detail", ("", "bow", "ring", "ankle strap"))
    if detail == "bow":
        bow(draw, post[0] + 4, post[1] + 6, 26, upper, 10)
    elif detail == "ring":
        ring(draw, post[0] + 3, post[1] + 4, 12)
    elif detail == "ankle strap":
        strap(draw, spline(last.over(end, 3), last.over(0.78, 54), last.counter(84)[-1]), 12, upper)
        ankle_strap(draw, last, upper, 96, METAL)
    return Piece(
        draw,
        phrase(upper.colour, upper.name, "flip-flop", f"with {detail}" if detail else ""),
        upper.colour,
        choices.between("price", 12, 45),
    )


def sandal(choices: SeededChoices) -> Piece:
    """Design a flat sandal held at the ankle."""
    style = choices.pick("style", ("gladiator", "trekking", "T-bar", "gladiator", "fisherman", "strappy"))
    base = (
        choices.pick("base", (LEATHER.dyed("chocolate"), CORK, STRAW)) if style != "trekking" else RUBBER.dyed("black")
    )
    upper = (NYLON if style == "trekking" else choices.pick("material", (LEATHER, SUEDE))).dyed(
        choices.pick("colour", SUMMER)
    )
    draw, last = _draw_bed(choices, 10 if style != "trekking" else 24, 26 if style != "trekking" else 40, base)
    rise = 130.0
    if style == "gladiator":
        rise = choices.between("gladiator", 120, 250)
        _draw_cage(draw, last, upper, rise)
    elif style == "T-bar":
        strap_over(draw, last, 0.17, 0, 60, 22, upper)
        strap(
            draw,
            spline(
                last.over(0.19, 60),
                last.over(0.36, 84),
                last.over(0.54, 112),
                (last.back - 109, last.heel + last.platform + rise - 2),
            ),
            14,
            upper,
        )
    elif style == "fisherman":
        for k in range(4):
            strap_over(draw, last, 0.13 + 0.095 * k, 0.02, 58 + 13 * k, 25, upper)
        strap(
            draw, spline(last.over(0.12, 54), last.over(0.26, 76), last.over(0.40, 98), last.over(0.5, 112)), 18, upper
        )
    else:
        strap_over(draw, last, 0.36, -0.10, 84, 26, upper)
        strap_over(draw, last, 0.18, 0.05, 66, 26, upper)
        if style == "strappy":
            strap_over(draw, last, 0.50, -0.06, 108, 16, upper)
    cup = spline(last.counter(56)[-1], last.over(0.86, 34), last.over(0.76, 1))
    draw.part(join(last.counter(56), cup), upper, puff=9)
    ankle_strap(draw, last, upper, rise, METAL)
    return Piece(
        draw,
        phrase(upper.colour, upper.name, style, "sandal"),
        upper.colour,
        choices.between("price", 29, 99),
        choices.pick("gender", ("Women", "Women", "Men")),
    )


def _draw_cage(draw: Drawing, last: Last, upper: Material, rise: float) -> None:
    """Draw a gladiator's straps over the foot, then rings around the leg, held by a strip up the front."""
    for k in range(4):
        strap_over(draw, last, 0.15 + 0.11 * k, 0.0, 58 + 16 * k, 16, upper)
    x = last.back - 58
    levels = [y for y in (96.0, 142.0, 188.0) if y < rise - 20]
    for y in levels:
        draw.part(band(ellipse(x, last.heel + last.platform + y, 52, 16, 0, 180), 9), upper, puff=3, shade=-0.25)
        strap(draw, ellipse(x, last.heel + last.platform + y, 52, 16, 180, 360), 12, upper)
    shin = [
        last.over(0.17, 58),
        last.over(0.34, 86),
        last.over(0.5, 112),
        (x - 50, last.heel + last.platform + max(128.0, min(rise, 140))),
    ]
    if rise > 150:
        shin.append((x - 50, last.heel + last.platform + rise))
    front = spline(*shin)
    strap(draw, front, 13, upper)
    ring(draw, *spot(front, 0.02), 10)

"""Sports shoes: canvas and leather sneakers, high-tops, running shoes, slip-ons."""

from __future__ import annotations

import numpy as np

from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import at, band, ellipse, join, shifted, spline, sub
from index_builder.demo.art.painting.materials import CANVAS, LEATHER, MESH, RUBBER, SUEDE, tint
from index_builder.demo.art.painting.seeded_choices import Piece, SeededChoices, phrase
from index_builder.demo.art.painting.trims import laces, strap
from index_builder.demo.art.shoes.flats import opening
from index_builder.demo.art.shoes.last import Last
from index_builder.demo.art.shoes.sneaker_parts import BRIGHT, accent_for, eyestay, side_mark, sport_sole, toe_cap
from index_builder.demo.art.shoes.straps import height_over, topline


def sneaker(choices: SeededChoices) -> Piece:
    """Design a low laced sneaker."""
    last = Last(
        platform=choices.between("sole", 20, 40),
        toe=choices.pick("toe", ("round", "bulky", "almond")),
        spring=6,
        volume=1.04,
    )
    upper = choices.pick("material", (CANVAS, LEATHER, SUEDE, LEATHER)).dyed(choices.pick("colour", BRIGHT))
    accent = accent_for(choices, upper)
    draw = Drawing()
    draw.shadow(12, 404)
    rise = 88
    near, far = topline(last, 0.54, 64, rise), topline(last, 0.54, 64, rise, 15)
    opening(draw, near, far)
    x, y = near[0]
    draw.part(spline((x - 30, y - 22), (x - 6, y + 22), (x + 20, y + 32), (x + 22, y - 20)), upper, puff=7, shade=-0.08)
    sport_sole(draw, last, choices, accent)
    draw.part(last.shell(0.54, rise, near), upper, puff=18)
    mark = choices.pick("mark", ("stripes", "wave", "plain", "star", "bolt"))
    if choices.pick("cap", (True, False, True)):
        toe_cap(draw, last, RUBBER.dyed("white") if upper.name == "canvas" else upper, 0.12)
    facing = eyestay(draw, last, upper, 0.29, 0.53)
    side_mark(draw, last, mark, LEATHER.dyed(accent))
    tab = join(last.counter(rise)[12:][::-1], spline(last.over(0.955, 40), last.over(0.93, rise - 14)))
    draw.part(tab, LEATHER.dyed(accent), puff=5)
    laces(draw, facing, 5, 15, "#f4f2ee" if upper.colour not in ("white", "cream") else "#d9d6cf")
    words = "" if mark == "plain" else f"with {accent} {mark}"
    return Piece(
        draw, phrase(upper.colour, upper.name, "sneaker", words), upper.colour, choices.between("price", 39, 119)
    )


def high_top(choices: SeededChoices) -> Piece:
    """Design a sneaker that covers the ankle."""
    last = Last(
        platform=choices.between("sole", 20, 38), toe=choices.pick("toe", ("round", "bulky")), spring=6, volume=1.05
    )
    upper = choices.pick("material", (CANVAS, LEATHER, CANVAS, SUEDE)).dyed(choices.pick("colour", BRIGHT[::-1]))
    accent = accent_for(choices, upper)
    draw = Drawing()
    draw.shadow(12, 404)
    rise = choices.between("rise", 145, 195)
    front = last.front(0.66)
    top = spline(front[-1], last.over(0.78, rise - 6), last.over(0.88, rise - 3), last.counter(rise)[-1])
    opening(draw, top, top + np.outer(np.sin(np.linspace(0, np.pi, len(top))), (0, 17)))
    x, y = front[-1]
    draw.part(
        spline((x - 26, y - 46), (x - 12, y + 22), (x + 16, y + 34), (x + 24, y - 20)), upper, puff=7, shade=-0.08
    )
    sport_sole(draw, last, choices, accent)
    draw.part(join(front, top, last.counter(rise)[::-1], last.feather[::-1]), upper, puff=19)
    if choices.pick("cap", (True, True, False)):
        toe_cap(draw, last, RUBBER.dyed("white"), 0.13)
    facing = eyestay(draw, last, upper, 0.29, 0.655)
    mark = choices.pick("mark", ("ankle patch", "wave", "stripes", "ankle strap", "plain"))
    if mark == "ankle patch":
        px, py = last.over(0.80, 106)
        draw.part(ellipse(px, py, 27, 27), LEATHER.dyed("white"), puff=3)
        draw.part(ellipse(px, py, 15, 15), LEATHER.dyed(accent), puff=3)
    elif mark == "ankle strap":
        strap(
            draw,
            spline(shifted(at(facing, 0.9), -6, 0), last.over(0.76, 138), shifted(last.counter(134)[-1], 2, 0)),
            34,
            LEATHER.dyed(accent),
            stitched=True,
        )
    else:
        side_mark(draw, last, mark, LEATHER.dyed(accent))
    draw.stroke(shifted(sub(last.counter(rise), 0.1, 1), -5, 0), tint(RUBBER.dyed(accent).hex, 0), 8)
    laces(draw, facing, 7, 15, "#f4f2ee" if upper.colour not in ("white", "cream") else "#d9d6cf")
    words = "" if mark == "plain" else f"with {'' if mark.startswith('ankle') else accent} {mark}".replace("  ", " ")
    return Piece(
        draw,
        phrase(upper.colour, upper.name, "high-top sneaker", words),
        upper.colour,
        choices.between("price", 49, 139),
    )


def runner(choices: SeededChoices) -> Piece:
    """Design a running shoe on thick foam."""
    last = Last(
        heel=choices.between("drop", 6, 22),
        platform=choices.between("sole", 30, 46),
        toe="bulky",
        spring=20,
        volume=0.98,
    )
    upper = MESH.dyed(choices.pick("colour", BRIGHT[4:] + BRIGHT[:4]))
    accent = accent_for(choices, upper)
    overlay = LEATHER.dyed(accent)
    draw = Drawing()
    draw.shadow(40, 392)
    near, far = topline(last, 0.55, 70, 104), topline(last, 0.55, 70, 104, 16)
    opening(draw, near, far)
    x, y = near[0]
    draw.part(spline((x - 30, y - 22), (x - 8, y + 20), (x + 18, y + 36), (x + 26, y - 20)), upper, puff=7)
    _draw_foam_sole(draw, choices, last, accent)
    draw.part(last.shell(0.55, 104, near), upper, puff=19)
    toe_cap(draw, last, overlay, 0.07)
    heel_cup = join(
        last.counter(84)[::-1],
        spline(last.over(0.985, 0), last.over(0.74, 2), last.over(0.82, 40), last.counter(84)[-1]),
    )
    draw.part(heel_cup, overlay, puff=9)
    facing = eyestay(draw, last, overlay, 0.30, 0.545)
    side_mark(
        draw,
        last,
        mark := choices.pick("mark", ("wave", "stripes", "bolt", "wave")),
        LEATHER.dyed("white" if accent != "white" else "grey"),
    )
    laces(draw, facing, 5, 15, "#f4f2ee")
    return Piece(
        draw,
        phrase(upper.colour, "running shoe with", accent, "overlays and", mark),
        upper.colour,
        choices.between("price", 69, 169),
    )


def _draw_foam_sole(draw: Drawing, choices: SeededChoices, last: Last, accent: str) -> None:
    """Draw a running shoe's thick sole with its tread, flared at the heel."""
    b, s = last.back, last.platform + last.heel
    f = last.feather
    foam = RUBBER.dyed(choices.pick("foam", ("white", "cream", "grey", "white")))
    rear = spline((b + 4, s + 6), (b + choices.between("flare", 6, 26), s * 0.5), (b - 14, 7))
    bottom = spline(
        (b - 14, 7),
        (0.7 * b, 5),
        (0.3 * b, 5),
        (0.14 * b, 9),
        (0.04 * b, 24),
        (-5, last.feather[0, 1] - 8),
        (-6, last.feather[0, 1]),
    )
    draw.part(join(f[:-2], rear, bottom), foam, puff=8)
    draw.part(
        band(shifted(sub(bottom, 0, 0.86), 0, -3), 9), RUBBER.dyed("black" if accent != "black" else "gum"), puff=3
    )
    cut = choices.pick("foam line", ("wave", "pods", "line"))
    mid = np.array([(px, py * 0.52 + 4) for px, py in f[8:-2]])
    if cut == "pods":
        for px in np.linspace(0.6 * b, 0.93 * b, 4):
            draw.part(ellipse(px, s * 0.5, 13, s * 0.26), RUBBER.dyed(accent), puff=4)
    else:
        ripple = 8 * np.sin(np.linspace(0, 5 * np.pi, len(mid))) if cut == "wave" else 0.0 * mid[:, 0]
        draw.seam(mid + np.stack([0 * ripple, ripple], 1), foam, 3.0)


def slip_on(choices: SeededChoices) -> Piece:
    """Design a sneaker without laces, with elastic gores."""
    last = Last(platform=choices.between("sole", 22, 38), toe=choices.pick("toe", ("round", "almond")), spring=5)
    upper = choices.pick("material", (CANVAS, SUEDE, CANVAS)).dyed(choices.pick("colour", BRIGHT[2:] + BRIGHT[:2]))
    draw = Drawing()
    draw.shadow(12, 402)
    near, far = topline(last, 0.46, 62, 78), topline(last, 0.46, 62, 78, 15)
    opening(draw, near, far)
    sport_sole(draw, last, choices, accent_for(choices, upper))
    draw.part(last.shell(0.46, 78, near), upper, puff=18)
    draw.part(
        spline(near[1], last.over(0.50, 78), last.over(0.56, 62), last.over(0.5, 40), last.over(0.46, 74)),
        RUBBER.dyed("charcoal"),
        puff=4,
    )
    draw.seam(
        spline(
            last.over(0.44, height_over(last, 0.44) - 2), last.over(0.42, 60), last.over(0.46, 26), last.over(0.48, 2)
        ),
        upper,
        2.4,
    )
    draw.seam(spline(last.over(0.9, 74), last.over(0.87, 36), last.over(0.82, 2)), upper, 2.0)
    return Piece(
        draw, phrase(upper.colour, upper.name, "slip-on sneaker"), upper.colour, choices.between("price", 29, 69)
    )

"""Shell, folding and office chairs."""

from __future__ import annotations

import numpy as np

from index_builder.demo.art.chairs.parts import (
    CHROME,
    FABRIC,
    IRON,
    PLASTIC,
    TIMBER,
    cover,
    four_legs,
    panel,
    seat,
    star_base,
    timber,
    view,
)
from index_builder.demo.art.painting.materials import Material
from index_builder.demo.art.painting.mesh import Model, curve, sheet
from index_builder.demo.art.painting.seeded_choices import Piece, SeededChoices, phrase


def shell(choices: SeededChoices) -> Piece:
    """Design a moulded shell on wooden, wire or steel legs."""
    model = Model()
    body = PLASTIC.dyed(choices.pick("colour", ("white", "mustard", "teal", "red", "charcoal", "mint", "sky", "coral")))
    width, high = choices.between("width", 0.43, 0.50), choices.between("high", 0.76, 0.9)
    profile = curve(
        (0, 0.42, 0.225),
        (0, 0.44, 0.18),
        (0, 0.425, 0.02),
        (0, 0.435, -0.12),
        (0, 0.50, -0.19),
        (0, 0.64, -0.225),
        (0, high, -0.27),
        samples=5,
    )
    u = np.linspace(-1, 1, 25)
    v = np.linspace(0, 1, len(profile))
    wide = width / 2 * (1 - 0.10 * np.clip((v - 0.7) / 0.3, 0, 1) ** 2 - 0.16 * np.clip((0.12 - v) / 0.12, 0, 1) ** 2)
    wing = choices.between("wing", 0.03, 0.12) * np.sin(np.pi * np.clip(v, 0.05, 0.95)) ** 1.2
    grid = np.zeros((len(u), len(profile), 3))
    grid[..., 0] = u[:, None] * wide
    grid[..., 1] = profile[:, 1] + wing * 0.75 * np.abs(u[:, None]) ** 3
    grid[..., 1] -= choices.between("round", 0.05, 0.15) * np.clip((v - 0.6) / 0.4, 0, 1) * np.abs(u[:, None]) ** 3.5
    grid[..., 2] = profile[:, 2] + wing * 0.75 * np.abs(u[:, None]) ** 3 * (v > 0.35)
    model.add(sheet(grid, 0.012), body)
    legs = choices.pick("legs", ("tapered", "wire", "tapered", "steel"))
    metal = legs != "tapered"
    feet = timber(choices) if not metal else (IRON if legs == "wire" else CHROME)
    four_legs(model, 0.24, 0.22, 0.42, "tapered" if not metal else "rod", feet, splay=0.10)
    if legs != "steel":
        for s in (-1, 1):
            model.rod([(s * 0.19, 0.14, 0.18), (0, 0.36, 0), (-s * 0.19, 0.14, -0.18)], 0.005, IRON)
            model.rod([(s * 0.15, 0.30, 0.14), (s * 0.15, 0.30, -0.14)], 0.005, IRON)
    words = f"on {feet.colour if not metal else legs} legs"
    return Piece(
        view(choices, model), phrase(body.colour, "shell chair", words), body.colour, choices.between("price", 39, 149)
    )


def folding(choices: SeededChoices) -> Piece:
    """Design a chair on crossing legs that fold."""
    model = Model()
    frame = choices.pick(
        "frame", (CHROME, IRON, TIMBER.dyed(choices.pick("wood", ("beech", "walnut"))), PLASTIC.dyed("white"))
    )
    fill = (cover(choices) if frame.name == "metal" else frame).dyed(
        choices.pick("colour", ("black", "red", "teal", "navy", "mustard", "forest"))
        if frame.name == "metal"
        else frame.colour
    )
    w, high = choices.between("width", 0.40, 0.45), choices.between("high", 0.76, 0.86)
    for x in (-w / 2, w / 2):
        model.rod([(x, 0.0, 0.20), (x, 0.45, -0.10), (x, high, -0.24)], 0.012, frame)
        model.rod([(x * 0.9, 0.0, -0.25), (x * 0.9, 0.43, 0.16)], 0.012, frame)
    for y, z in ((0.07, 0.155), (high - 0.005, -0.24)):
        model.rod([(-w / 2, y, z), (w / 2, y, z)], 0.011, frame)
    model.rod([(-w * 0.45, 0.09, -0.205), (w * 0.45, 0.09, -0.205)], 0.011, frame)
    style = choices.pick("back", ("panel", "slats", "padded"))
    if style == "slats":
        for k in range(6):
            model.block((0, 0.445, 0.15 - 0.062 * k), (w * 0.94, 0.016, 0.048), fill)
        for k in range(3):
            model.block((0, high - 0.05 - 0.075 * k, -0.224 + 0.031 * k), (w * 0.98, 0.05, 0.014), fill, tilt=20)
    else:
        thick = 0.035 if style == "padded" else 0.016
        model.block((0, 0.445, -0.01), (w * 0.92, thick, 0.36), fill, radius=thick * 0.45, crown=0.008)
        model.block((0, high - 0.11, -0.19), (w * 0.98, 0.19, thick), fill, radius=thick * 0.45, tilt=20)
    title = phrase(
        fill.colour,
        "folding chair with",
        {"panel": "solid back", "slats": "slatted back", "padded": "padded seat"}[style],
    )
    return Piece(view(choices, model), title, fill.colour, choices.between("price", 19, 79))


def office(choices: SeededChoices) -> Piece:
    """Design a swivel chair on casters."""
    model = Model()
    soft = choices.pick(
        "cover",
        (FABRIC, Material("leather", gloss=0.4, texture="grain"), Material("mesh", gloss=0.05, texture="cloth")),
    )
    soft = soft.dyed(choices.pick("colour", ("black", "grey", "navy", "red", "teal", "charcoal", "mustard", "white")))
    metal = choices.pick("base", (CHROME, IRON, PLASTIC.dyed("white")))
    star_base(model, 0.29, metal)
    top = choices.between("top", 0.44, 0.52)
    model.rod([(0, 0.12, 0), (0, top - 0.05, 0)], 0.022, CHROME)
    model.block((0, top - 0.075, 0), (0.20, 0.03, 0.2), IRON, radius=0.01)
    width = choices.between("width", 0.44, 0.52)
    seat(model, choices.pick("seat", ("cushion", "cushion", "round cushion")), width, 0.46, top, soft, 0.075)
    style = choices.pick("back", ("high", "low", "headrest", "ribbed"))
    high = top + {"high": 0.62, "low": 0.40, "headrest": 0.52, "ribbed": 0.56}[style]
    model.rod(
        curve((0, top - 0.07, -0.12), (0, top - 0.05, -0.25), (0, top + 0.2, -0.27), samples=6),
        0.017,
        IRON if metal.colour != "white" else metal,
    )
    _add_office_back(model, style, width, top, high, soft)
    arms = choices.pick("arms", (True, True, False))
    if arms:
        for s in (-1, 1):
            x = s * (width / 2 + 0.035)
            model.rod(
                [(s * width * 0.36, top - 0.06, -0.02), (x, top - 0.05, -0.02), (x, top + 0.19, -0.04)], 0.013, metal
            )
            model.block((x, top + 0.20, 0.0), (0.06, 0.028, 0.25), PLASTIC.dyed("charcoal"), radius=0.012)
    names = {"high": "high-back", "low": "low-back", "headrest": "headrest", "ribbed": "ribbed"}
    return Piece(
        view(choices, model),
        phrase(soft.colour, soft.name, names[style], "office chair", "" if arms else "without arms"),
        soft.colour,
        choices.between("price", 79, 329),
    )


def _add_office_back(model: Model, style: str, width: float, top: float, high: float, soft: Material) -> None:
    """Add the panel of an office chair's back with its ribs or headrest."""
    panel(model, width * 0.94, top + 0.09, high, -0.19, 0.08, soft, 0.05, 0.045, 0.22 if style != "low" else 0.4)
    if style == "ribbed":
        for y in np.arange(top + 0.13, high - 0.05, 0.055):
            t = (y - top - 0.09) / (high - top - 0.09)
            model.rod(
                [(x * width * 0.46, y, -0.162 - 0.08 * t - 0.045 * (1 - x * x)) for x in np.linspace(-1, 1, 9)],
                0.016,
                soft,
            )
    if style == "headrest":
        model.rod([(0, high - 0.03, -0.30), (0, high + 0.09, -0.31)], 0.012, IRON)
        panel(model, width * 0.56, high + 0.04, high + 0.18, -0.275, 0.0, soft, 0.045, 0.03, 0.3)

"""Upright chairs: dining chairs and rocking chairs."""

from __future__ import annotations

import numpy as np

from index_builder.demo.art.chairs.parts import back_posts, bar, cover, four_legs, panel, seat, stretchers, timber, view
from index_builder.demo.art.painting.materials import Material
from index_builder.demo.art.painting.mesh import Model, curve, sheet
from index_builder.demo.art.painting.seeded_choices import Piece, SeededChoices, phrase


def back(
    model: Model,
    choices: SeededChoices,
    style: str,
    width: float,
    z: float,
    low: float,
    high: float,
    lean: float,
    wood: Material,
    soft: Material,
) -> None:
    """Fill the space between the seat (height `low`) and the top of a chair's back."""
    span, tilt = high - low, float(np.degrees(np.arctan2(lean, high - low)))

    def deep(y: float) -> float:
        t = (y - low) / span
        return z - lean * (0.4 * t + 0.6 * t * t)

    if style != "shell":
        panel(model, width * 1.06, high - 0.07, high + 0.01, deep(high - 0.03), 0.01, wood, 0.02, 0.02, 0.25)
    if style == "ladder":
        count = choices.pick("slats", (2, 3, 4))
        for k in range(count):
            y = low + span * (0.30 + 0.52 * k / max(count - 1, 1) * 0.9)
            panel(model, width, y, y + 0.05, deep(y), 0.008, wood, 0.014, 0.02, 0.0)
    elif style == "spindle":
        for x in np.linspace(-width * 0.38, width * 0.38, choices.pick("spindles", (4, 5, 6, 7))):
            model.rod([(x * 0.92, low, z), (x, high - 0.05, deep(high - 0.05) - 0.015)], 0.0075, wood)
    elif style == "splat":
        _add_splat(model, choices.pick("waist", (1.0, 1.5)), z, low, span, lean, wood)
    elif style == "cross":
        for s in (-1, 1):
            bar(
                model,
                (s * width * 0.46, low + 0.04, deep(low + 0.04)),
                (-s * width * 0.46, high - 0.07, deep(high - 0.07)),
                0.028,
                0.014,
                wood,
            )
    elif style == "padded":
        model.block(
            (0, low + span * 0.53, deep(low + span * 0.5) + 0.012),
            (width * 0.94, span * 0.66, 0.05),
            soft,
            radius=0.02,
            tilt=tilt,
            crown=0.015,
        )


def _add_splat(model: Model, waist: float, z: float, low: float, span: float, lean: float, wood: Material) -> None:
    """Add a flat, waisted board in the middle of a chair's back."""
    u, v = np.meshgrid(np.linspace(-1, 1, 9), np.linspace(0, 1, 20), indexing="ij")
    half = 0.055 + 0.028 * np.cos(v * 2 * np.pi * waist)
    rise = low + v * (span - 0.05)
    deep_at = z - lean * (0.4 * v + 0.6 * v * v) - 0.01
    model.add(sheet(np.stack([u * half, rise, deep_at], axis=-1), 0.014), wood)


def dining(choices: SeededChoices) -> Piece:
    """Design a wooden chair with one of five backs."""
    model, wood = Model(), timber(choices)
    soft = cover(choices)
    style = choices.pick("back", ("ladder", "spindle", "splat", "cross", "padded"))
    width, depth, top = choices.between("width", 0.38, 0.46), 0.41, 0.45
    high, lean = choices.between("high", 0.80, 1.06), choices.between("lean", 0.05, 0.12)
    legs = choices.pick("legs", ("tapered", "square", "turned", "tapered"))
    surface = choices.pick("seat", ("square", "cushion", "saddle", "cushion"))
    four_legs(model, width - 0.04, depth - 0.04, top - 0.03, legs, wood, splay=0.0 if legs == "square" else 0.02)
    stretchers(
        model,
        width - 0.04,
        depth - 0.04,
        choices.between("rung", 0.12, 0.22),
        choices.pick("stretchers", ("none", "box", "H")),
        wood,
        0.012,
    )
    model.block((0, top - 0.055, 0), (width - 0.03, 0.05, depth - 0.03), wood, radius=0.006)
    seat(
        model,
        surface,
        width,
        depth,
        top,
        soft if surface == "cushion" else wood,
        0.05 if surface == "cushion" else 0.03,
    )
    z = -depth / 2 + 0.022
    back_posts(model, width - 0.03, z, top - 0.03, high, lean, wood, round_bar=legs != "square")
    back(model, choices, style, width - 0.03, z, top, high, lean, wood, soft)
    arms = choices.pick("arms", (False, False, True, False))
    if arms:
        for x in (-width / 2 - 0.005, width / 2 + 0.005):
            rail = curve(
                (x, top + 0.22, z - 0.02), (x * 1.06, top + 0.215, 0.02), (x * 1.04, top + 0.19, 0.17), samples=6
            )
            model.rod(rail, 0.015, wood)
            model.rod([(x, top - 0.03, 0.12), (x * 1.05, top + 0.195, 0.14)], 0.013, wood)
    padding = f"with {soft.colour} {soft.name} seat" if surface == "cushion" else ""
    name = "dining chair" if not arms else "dining armchair"
    title = phrase(wood.colour, f"{style if style != 'cross' else 'cross'}-back", name, padding)
    return Piece(view(choices, model), title, wood.colour, choices.between("price", 59, 249))


def rocking(choices: SeededChoices) -> Piece:
    """Design a wooden chair on two bent runners."""
    model, wood = Model(), timber(choices)
    soft = cover(choices)
    style = choices.pick("back", ("spindle", "ladder", "padded", "splat"))
    width, depth, top, high = choices.between("width", 0.46, 0.54), 0.44, 0.40, choices.between("high", 0.98, 1.14)
    for x in (-width / 2 + 0.02, width / 2 - 0.02):
        arc = [(x, 0.012 + 0.30 * t * t + (0.03 if t < -0.62 else 0), 0.72 * t) for t in np.linspace(-0.72, 0.52, 14)]
        model.rod(curve(*arc, samples=2), 0.017, wood)
        for z, y in ((0.18, 0.04), (-0.18, 0.04)):
            model.rod([(x, y, z), (x, top - 0.02, z * 0.98)], [0.015, 0.02], wood)
        arm = curve(
            (x * 1.04, top + 0.23, -0.23), (x * 1.12, top + 0.235, 0.0), (x * 1.10, top + 0.215, 0.2), samples=6
        )
        model.rod(arm, [0.015] * 6 + [0.024] * (len(arm) - 6), wood)
        model.rod([(x, top - 0.02, 0.17), (x * 1.10, top + 0.21, 0.15)], 0.013, wood)
    stretchers(model, width - 0.04, 0.36, 0.16, choices.pick("stretchers", ("box", "H")), wood)
    surface = choices.pick("seat", ("saddle", "cushion", "square"))
    seat(
        model,
        surface,
        width,
        depth,
        top + 0.02,
        soft if surface == "cushion" else wood,
        0.06 if surface == "cushion" else 0.035,
    )
    lean = choices.between("lean", 0.14, 0.22)
    back_posts(model, width - 0.05, -0.19, top, high, lean, wood)
    back(model, choices, style, width - 0.05, -0.19, top + 0.02, high, lean, wood, soft)
    return Piece(
        view(choices, model),
        phrase(
            wood.colour, f"{style}-back rocking chair", f"with {soft.colour} cushion" if surface == "cushion" else ""
        ),
        wood.colour,
        choices.between("price", 129, 349),
    )

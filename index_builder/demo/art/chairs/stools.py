"""Stools, bar stools and benches."""

from __future__ import annotations

import numpy as np

from index_builder.demo.art.chairs.parts import (
    CHROME,
    IRON,
    PLASTIC,
    bar,
    cover,
    four_legs,
    panel,
    seat,
    stretchers,
    timber,
    view,
)
from index_builder.demo.art.painting.materials import Material
from index_builder.demo.art.painting.mesh import Model, curve, lathe
from index_builder.demo.art.painting.seeded_choices import Piece, SeededChoices, phrase


def stool(choices: SeededChoices) -> Piece:
    """Design a low seat without a back."""
    model, wood = Model(), timber(choices)
    shape = choices.pick("seat", ("round", "square", "round cushion", "saddle", "cushion", "round"))
    width, top = choices.between("width", 0.30, 0.42), choices.between("top", 0.40, 0.50)
    padded = "cushion" in shape
    surface = cover(choices) if padded else wood
    legs = choices.pick("legs", ("tapered", "turned", "square", "hairpin", "three", "bent"))
    inset = width * (0.50 if shape.startswith("round") else 0.78)
    _add_stool_legs(model, choices, legs, width, inset, top - (0.06 if padded else 0.02), wood)
    seat(model, shape, width, width * 0.86 if shape in ("saddle",) else width, top, surface, 0.075 if padded else 0.035)
    words = {
        "round": "round",
        "square": "square",
        "round cushion": "padded round",
        "saddle": "saddle-seat",
        "cushion": "padded square",
    }[shape]
    leg_words = {"three": "three-legged", "bent": "bentwood", "hairpin": "hairpin-leg", "turned": "turned-leg"}.get(
        legs, ""
    )
    return Piece(
        view(choices, model),
        phrase(surface.colour, words, leg_words, "stool"),
        surface.colour,
        choices.between("price", 29, 119),
    )


def _add_stool_legs(
    model: Model, choices: SeededChoices, legs: str, width: float, inset: float, top: float, wood: Material
) -> None:
    """Add legs up to `top`: three, bent from the seat's rim, or four with their stretchers."""
    metal = IRON if legs == "hairpin" else wood
    splay = choices.between("splay", 0.02, 0.08)
    if legs == "three":
        for k in range(3):
            a = 2 * np.pi * k / 3 + 0.3
            model.rod(
                [
                    ((inset / 2 + splay) * 1.2 * np.sin(a), 0, (inset / 2 + splay) * 1.2 * np.cos(a)),
                    (inset / 2 * np.sin(a), top, inset / 2 * np.cos(a)),
                ],
                [0.014, 0.022],
                wood,
            )
    elif legs == "bent":
        for k in range(4):
            a = np.pi / 2 * k + 0.785
            r = width / 2 + 0.012
            model.rod(
                curve(
                    (r * np.sin(a), 0, r * np.cos(a)),
                    (r * np.sin(a), top - 0.07, r * np.cos(a)),
                    ((r - 0.03) * np.sin(a), top - 0.01, (r - 0.03) * np.cos(a)),
                    (0.3 * r * np.sin(a), top - 0.005, 0.3 * r * np.cos(a)),
                    samples=6,
                ),
                0.016,
                wood,
            )
    else:
        four_legs(model, inset, inset, top, legs, metal, splay)
        stretchers(
            model,
            inset,
            inset,
            choices.between("rung", 0.12, 0.2),
            choices.pick("stretchers", ("none", "box", "H")),
            metal,
            splay * 0.6,
        )


def bar_stool(choices: SeededChoices) -> Piece:
    """Design a high stool with foot rests."""
    model, wood = Model(), timber(choices)
    soft = cover(choices)
    style = choices.pick("style", ("wooden", "pedestal", "metal", "wooden"))
    top, width = choices.between("top", 0.66, 0.80), choices.between("width", 0.33, 0.40)
    frame = wood if style == "wooden" else (CHROME if style == "pedestal" else IRON)
    shape = choices.pick("seat", ("round cushion", "round", "cushion", "saddle"))
    padded = "cushion" in shape
    _add_bar_stool_frame(model, choices, style, width, top, frame)
    seat(
        model,
        shape,
        width,
        width * 0.9,
        top,
        soft if padded else (wood if style != "pedestal" else PLASTIC.dyed(soft.colour)),
        0.07 if padded else 0.035,
    )
    backed = choices.pick("back", ("none", "low", "none", "hoop"))
    _add_stool_back(model, backed, width, top, frame, soft if padded else frame)
    surface = soft if padded else frame
    words = {"none": "", "low": "with back", "hoop": "with hoop back"}[backed]
    colour = surface.colour
    return Piece(
        view(choices, model),
        phrase(colour, style, "padded" if padded else "", "bar stool", words),
        colour,
        choices.between("price", 49, 189),
    )


def _add_bar_stool_frame(
    model: Model, choices: SeededChoices, style: str, width: float, top: float, frame: Material
) -> None:
    """Add the pedestal, or the legs and rungs, of a bar stool."""
    if style == "pedestal":
        model.add(lathe([(0, 0.03), (0.06, 0.028), (0.19, 0.012), (0.2, 0.0), (0, 0)]), frame)
        model.rod([(0, 0.02, 0), (0, top - 0.04, 0)], [0.034, 0.024], frame)
        ring = [(0.14 * np.sin(a), 0.27, 0.14 * np.cos(a)) for a in np.linspace(-1.9, 1.9, 20)]
        model.rod([(0, 0.27, 0), *ring, (0, 0.27, 0)], 0.010, frame)
    else:
        legs = (
            "square"
            if style == "wooden" and choices.pick("square", (True, False))
            else "tapered"
            if style == "wooden"
            else "rod"
        )
        four_legs(model, width * 0.68, width * 0.68, top - 0.03, legs, frame, splay=0.05)
        for y in (0.20, 0.34):
            stretchers(
                model,
                width * 0.68,
                width * 0.68,
                y,
                choices.pick("rungs", ("box", "H", "box")),
                frame,
                0.05 * (1 - y / top),
            )


def _add_stool_back(model: Model, backed: str, width: float, top: float, frame: Material, pad: Material) -> None:
    """Add a low padded rest or a hoop with bars."""
    if backed == "low":
        for x in (-width * 0.36, width * 0.36):
            model.rod([(x, top - 0.03, -width * 0.36), (x, top + 0.26, -width * 0.46)], 0.011, frame)
        panel(model, width * 0.92, top + 0.14, top + 0.28, -width * 0.40, 0.03, pad, 0.03, 0.04, 0.3)
    elif backed == "hoop":
        hoop = curve(
            (-width * 0.42, top - 0.02, -0.06),
            (-width * 0.44, top + 0.2, -width * 0.4),
            (0, top + 0.30, -width * 0.52),
            (width * 0.44, top + 0.2, -width * 0.4),
            (width * 0.42, top - 0.02, -0.06),
            samples=8,
        )
        model.rod(hoop, 0.012, frame)
        for x in (-0.07, 0.0, 0.07):
            model.rod([(x, top - 0.02, -width * 0.4), (x * 1.2, top + 0.285, -width * 0.50)], 0.007, frame)


def bench(choices: SeededChoices) -> Piece:
    """Design a seat for several."""
    model, wood = Model(), timber(choices)
    length, top = choices.between("length", 0.9, 1.35), choices.between("top", 0.42, 0.47)
    style = choices.pick("style", ("slatted", "upholstered", "plank", "garden"))
    soft = cover(choices)
    legs = choices.pick("legs", ("square", "tapered", "turned", "hairpin"))
    four_legs(
        model,
        length - 0.10,
        0.32,
        top - 0.04,
        legs if style != "garden" else "square",
        IRON if legs == "hairpin" and style != "garden" else wood,
        0.0 if legs == "square" or style == "garden" else 0.03,
    )
    if style in ("slatted", "garden"):
        for z in np.linspace(-0.17, 0.17, choices.pick("slats", (4, 5, 6))):
            model.block((0, top - 0.014, z), (length, 0.026, 0.05), wood, radius=0.006)
        model.block((0, top - 0.06, 0.15), (length - 0.08, 0.05, 0.022), wood)
    elif style == "upholstered":
        model.block((0, top - 0.045, 0), (length, 0.09, 0.40), soft, radius=0.03, crown=0.012)
        for x in np.linspace(-length / 3, length / 3, 4 if choices.pick("tufts", (True, False)) else 0):
            for z in (-0.09, 0.09):
                model.add(
                    lathe([(0, top + 0.02), (0.013, top + 0.016), (0.015, top + 0.005)], x, z, 12),
                    soft.dyed("charcoal"),
                )
    else:
        model.block((0, top - 0.025, 0), (length, 0.05, 0.36), wood, radius=0.008)
        stretchers(model, length - 0.10, 0.32, 0.14, choices.pick("stretchers", ("H", "box")), wood)
    if style == "garden":
        _add_garden_back(model, length, top, choices.pick("uprights", (7, 9, 11)), wood)
    main = soft if style == "upholstered" else wood
    return Piece(
        view(choices, model),
        phrase(
            main.colour,
            main.name if style == "upholstered" else "",
            style,
            "bench",
            "on hairpin legs" if legs == "hairpin" and style != "garden" else "",
        ),
        main.colour,
        choices.between("price", 79, 289),
    )


def _add_garden_back(model: Model, length: float, top: float, uprights: int, wood: Material) -> None:
    """Add the arms and the back of a garden bench."""
    for x in (-length / 2 + 0.05, length / 2 - 0.05):
        bar(model, (x, top - 0.06, -0.17), (x, 0.86, -0.27), 0.045, 0.035, wood)
        bar(model, (x, top - 0.04, 0.16), (x, top + 0.20, 0.16), 0.04, 0.04, wood)
        bar(model, (x, top + 0.215, 0.21), (x, top + 0.215, -0.24), 0.03, 0.06, wood)
    for y, t in ((0.84, 0.06), (top + 0.09, 0.045)):
        model.block((0, y, -0.17 - 0.10 * (y - top) / 0.4), (length - 0.08, t, 0.025), wood, tilt=13)
    for x in np.linspace(-length / 2 + 0.13, length / 2 - 0.13, uprights):
        bar(model, (x, top + 0.1, -0.195), (x, 0.83, -0.265), 0.035, 0.014, wood)

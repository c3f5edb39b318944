"""Upholstered and lounge chairs."""

from __future__ import annotations

import numpy as np

from index_builder.demo.art.chairs.parts import (
    CHROME,
    IRON,
    bar,
    cover,
    four_legs,
    scaled_cushion,
    star_base,
    timber,
    view,
)
from index_builder.demo.art.painting.materials import Material
from index_builder.demo.art.painting.mesh import Model, curve, lathe, sheet
from index_builder.demo.art.painting.seeded_choices import Piece, SeededChoices, phrase


def armchair(choices: SeededChoices) -> Piece:
    """Design an upholstered chair with arms, or without them (slipper)."""
    model, soft = Model(), cover(choices)
    style = choices.pick("style", ("club", "track-arm", "wingback", "tub", "slipper"))
    width, back_top = choices.between("width", 0.70, 0.86), choices.between("back", 0.74, 0.92)
    base = choices.pick("feet", ("tapered", "turned", "block"))
    wood, low = timber(choices), 0.06 if base == "block" else choices.between("feet height", 0.13, 0.2)
    span = (width * 0.52, 0.34) if style == "tub" else (width * 0.78, 0.52)
    four_legs(
        model, *span, low + 0.03, "square" if base == "block" else base, wood, splay=0.03 if base == "tapered" else 0.0
    )
    if style == "tub":
        _add_tub(model, soft, width, low, back_top - 0.08)
    else:
        arm = {"club": 0.17, "track-arm": 0.10, "wingback": 0.11, "slipper": 0.0}[style]
        inner = width - 2 * arm
        model.block((0, low + 0.09, 0.01), (width - 0.02, 0.18, 0.66), soft, radius=0.03)
        scaled_cushion(model, inner - 0.01, 0.60, low + 0.17, choices.between("cushion", 0.10, 0.16), 0.06, soft)
        top = back_top + (0.16 if style == "wingback" else 0.0)
        model.block(
            (0, (low + top) / 2 + 0.06, -0.29),
            (inner + (0.12 if style == "club" else 0.06), top - low - 0.06, 0.15),
            soft,
            radius=0.06,
            tilt=9,
            crown=0.02,
        )
        for s in (-1, 1) if arm else ():
            _add_arm(model, style, s * (width - arm) / 2, arm, low, soft, top)
    if choices.pick("pillow", (False, True, False)) and style != "tub":
        pillow = soft.dyed("cream" if soft.colour != "cream" else "mustard")
        model.block((0.02, low + 0.42, -0.13), (0.36, 0.30, 0.11), pillow, radius=0.05, tilt=22, crown=0.02)
    return Piece(
        view(choices, model),
        phrase(soft.colour, soft.name, style, "armchair"),
        soft.colour,
        choices.between("price", 199, 799),
    )


def _add_arm(model: Model, style: str, x: float, wide: float, low: float, soft: Material, top: float) -> None:
    """Add one arm of an upholstered chair at x. The arm of a wingback continues up the side of the back."""
    height = 0.56
    if style == "club":
        model.block((x, (low + height) / 2, 0.0), (wide * 0.9, height - low - 0.02, 0.62), soft, radius=0.04)
        model.rod([(x, height - 0.04, -0.31), (x, height - 0.04, 0.33)], wide * 0.58, soft)
        return
    model.block((x, (low + height) / 2, 0.0), (wide, height - low, 0.68), soft, radius=0.03)
    if style == "wingback":
        v, u = np.meshgrid(np.linspace(0, 1, 14), np.linspace(0, 1, 10), indexing="ij")
        y = height - 0.04 + v * (top - height + 0.0)
        z = -0.34 - 0.05 * v + u * (0.30 - 0.10 * v) * (1 - 0.65 * np.clip((v - 0.7) / 0.3, 0, 1) ** 2)
        model.add(sheet(np.stack([np.full_like(y, x), y, z], axis=-1), 0.075), soft)


def _add_tub(model: Model, soft: Material, width: float, low: float, high: float) -> None:
    """Add a barrel back that continues into the arms."""
    a = np.radians(np.linspace(-20, 200, 44))
    v = np.linspace(0, 1, 12)
    rim = low + 0.05 + (high - low - 0.05) * (0.74 + 0.26 * np.clip(np.sin(a), 0, 1) ** 2)
    grid = np.zeros((len(a), len(v), 3))
    grid[..., 0] = (width / 2 - 0.07) * np.cos(a)[:, None] * (1 + 0.06 * v)
    grid[..., 1] = low + 0.03 + v * (rim[:, None] - low)
    grid[..., 2] = -0.02 - 0.32 * np.sin(a)[:, None] * (1 + 0.1 * v)
    model.add(sheet(grid, 0.10), soft)
    ridge = grid[:, -1]
    model.rod(ridge, 0.06, soft)
    for end in (grid[0], grid[-1]):
        model.rod(end, 0.06, soft)
    seat_r = width / 2 - 0.1
    model.add(lathe([(0, low + 0.02), (seat_r, low + 0.02), (seat_r, low + 0.17), (0, low + 0.17)], 0, 0.02), soft)
    model.add(
        lathe(
            [
                (0, low + 0.30),
                (seat_r * 0.7, low + 0.295),
                (seat_r * 0.95, low + 0.27),
                (seat_r * 0.99, low + 0.23),
                (seat_r * 0.95, low + 0.17),
                (0, low + 0.17),
            ],
            0,
            0.04,
        ),
        soft,
    )


def lounge(choices: SeededChoices) -> Piece:
    """Design a low reclining chair: cantilever, sling or wooden frame."""
    model, soft = Model(), cover(choices)
    style = choices.pick("style", ("cantilever", "sling", "wood-frame"))
    width = choices.between("width", 0.56, 0.66)
    top = choices.between("top", 0.34, 0.42)
    high = choices.between("high", 0.82, 1.02)
    frame = timber(choices) if style == "wood-frame" else choices.pick("metal", (CHROME, IRON))
    _add_lounge_frame(model, style, width, top, high, frame)
    profile = curve(
        (0, top, 0.33),
        (0, top - 0.015, 0.15),
        (0, top - 0.07, -0.14),
        (0, top - 0.02, -0.23),
        (0, (top + high) / 2, -0.35),
        (0, high - 0.01, -0.45),
        samples=6,
    )
    u = np.linspace(-0.94, 0.94, 22)
    grid = np.stack(
        [
            np.repeat(u[:, None] * width / 2, len(profile), 1),
            np.repeat(profile[None, :, 1], 22, 0),
            np.repeat(profile[None, :, 2], 22, 0),
        ],
        -1,
    )
    thick = {"cantilever": 0.035, "sling": 0.014, "wood-frame": 0.09}[style]
    model.add(sheet(grid, thick), soft)
    if choices.pick("ribs", (True, False)):
        for k in range(3, len(profile) - 2, 4):
            model.rod(
                [
                    (u[0] * width / 2, profile[k, 1] + thick * 0.4, profile[k, 2] + thick * 0.4),
                    (u[-1] * width / 2, profile[k, 1] + thick * 0.4, profile[k, 2] + thick * 0.4),
                ],
                0.016,
                soft,
            )
    return Piece(
        view(choices, model),
        phrase(soft.colour, soft.name, style, "lounge chair"),
        soft.colour,
        choices.between("price", 149, 599),
    )


def _add_lounge_frame(model: Model, style: str, width: float, top: float, high: float, frame: Material) -> None:
    """Add both sides of a lounge chair's frame and the bars between them."""
    for x in (-width / 2, width / 2):
        if style == "cantilever":
            model.rod(
                curve(
                    (x, 0.014, -0.28),
                    (x, 0.014, 0.27),
                    (x, 0.06, 0.33),
                    (x, top - 0.04, 0.34),
                    (x, top - 0.01, 0.28),
                    (x, top - 0.05, -0.20),
                    (x, high * 0.55, -0.34),
                    (x, high, -0.46),
                    samples=7,
                ),
                0.014,
                frame,
            )
        elif style == "sling":
            model.rod([(x, 0.0, 0.28), (x, 0.56, -0.05), (x, high, -0.42)], 0.013, frame)
            model.rod([(x, 0.0, -0.36), (x, top + 0.03, 0.28)], 0.013, frame)
        else:
            bar(model, (x, 0, 0.27), (x, 0.55, 0.24), 0.04, 0.03, frame)
            bar(model, (x, 0, -0.34), (x, 0.54, -0.20), 0.04, 0.03, frame)
            bar(model, (x, 0.555, 0.32), (x, 0.535, -0.30), 0.03, 0.06, frame)
            bar(model, (x * 0.96, top - 0.05, 0.27), (x * 0.96, top - 0.13, -0.27), 0.05, 0.024, frame)
    for y, z in ((0.014, -0.28),) if style == "cantilever" else ((top * 0.3, 0.17), (top * 0.3, -0.17)):
        model.rod([(-width / 2, y, z), (width / 2, y, z)], 0.012, frame)


def swivel(choices: SeededChoices) -> Piece:
    """Design a round upholstered chair on a star base."""
    model, soft = Model(), cover(choices)
    star_base(model, 0.27, choices.pick("metal", (CHROME, IRON)), arms=4, casters=False)
    model.rod([(0, 0.1, 0), (0, 0.36, 0)], 0.025, CHROME)
    _add_tub(model, soft, choices.between("width", 0.66, 0.74), 0.26, choices.between("high", 0.72, 0.92))
    return Piece(
        view(choices, model),
        phrase(soft.colour, soft.name, "swivel tub chair"),
        soft.colour,
        choices.between("price", 179, 449),
    )

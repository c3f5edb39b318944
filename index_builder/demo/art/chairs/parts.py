"""Seats, legs, backs and bases of chairs (metres)."""

from __future__ import annotations

import numpy as np

from index_builder.demo.art.painting.materials import LEATHER, METAL, PATENT, VELVET, Material
from index_builder.demo.art.painting.mesh import Model, curve, lathe, sheet, sweep
from index_builder.demo.art.painting.render import Furniture
from index_builder.demo.art.painting.seeded_choices import SeededChoices

TIMBER = Material("wood", "oak", gloss=0.15, texture="timber")
FABRIC = Material("fabric", "grey", gloss=0.0, texture="cloth")
PLASTIC = Material("plastic", "white", gloss=0.5)
CHROME = METAL.dyed("steel")
IRON = Material("metal", "black", gloss=0.4)
WOODS = ("oak", "walnut", "pine", "beech", "cherry", "mahogany", "ebony", "ash")
CLOTHS = (
    "teal",
    "mustard",
    "grey",
    "rust",
    "navy",
    "blush",
    "forest",
    "cream",
    "charcoal",
    "plum",
    "olive",
    "sky",
    "red",
)


def timber(choices: SeededChoices, name: str = "wood") -> Material:
    """Return solid wood in one of WOODS."""
    return TIMBER.dyed(choices.pick(name, WOODS))


def cover(choices: SeededChoices, colours: tuple[str, ...] = CLOTHS) -> Material:
    """Return an upholstery fabric."""
    stuff = choices.pick("cover", (FABRIC, VELVET, LEATHER, FABRIC))
    return Material(
        stuff.name, choices.pick("cover colour", colours), stuff.gloss, "cloth" if stuff is not LEATHER else "grain"
    )


def four_legs(
    model: Model, width: float, depth: float, top: float, style: str, material: Material, splay: float = 0.04
) -> None:
    """Add four legs from the corners of a width x depth frame at height `top` to the floor."""
    for sx in (-1, 1):
        for sz in (-1, 1):
            x, z = sx * width / 2, sz * depth / 2
            foot, head = (x + sx * splay, 0.0, z + sz * splay), (x, top, z)
            if style == "turned":
                points = [
                    tuple(np.array(foot) + t * (np.array(head) - foot))
                    for t in (0, 0.06, 0.1, 0.3, 0.55, 0.6, 0.66, 0.8, 1)
                ]
                model.rod(points, [0.013, 0.022, 0.014, 0.019, 0.026, 0.016, 0.026, 0.022, 0.022], material)
            elif style == "square":
                bar(model, foot, head, 0.036, 0.036, material)
            elif style == "hairpin":
                for dx, dz in ((0.085, 0.0), (0.0, 0.085)):
                    model.rod([foot, (x - sx * dx, top, z - sz * dz)], 0.006, material)
            else:
                model.rod([foot, head], [0.012, 0.021] if style == "tapered" else 0.013, material)


def bar(
    model: Model,
    a: tuple[float, float, float],
    b: tuple[float, float, float],
    wide: float,
    thick: float,
    material: Material,
) -> None:
    """Add a straight bar of rectangular section."""
    w, t = wide / 2, thick / 2
    section = np.array([(-t, -w), (t, -w), (t, w), (-t, w), (-t, -w)])
    model.add(sweep(np.array([a, b]), section, np.ones(2)), material)


def stretchers(
    model: Model, width: float, depth: float, height: float, style: str, material: Material, splay: float = 0.0
) -> None:
    """Add bars between the legs: around ("box"), or front to back and across ("H")."""
    x, z = width / 2 + splay, depth / 2 + splay
    if style == "box":
        for sign in (-1, 1):
            model.rod([(-x, height, sign * z), (x, height, sign * z)], 0.010, material)
            model.rod([(sign * x, height + 0.03, -z), (sign * x, height + 0.03, z)], 0.010, material)
    elif style == "H":
        for sign in (-1, 1):
            model.rod([(sign * x, height, -z), (sign * x, height, z)], 0.011, material)
        model.rod([(-x, height, 0), (x, height, 0)], 0.011, material)


def seat(
    model: Model, shape: str, width: float, depth: float, top: float, material: Material, thick: float = 0.035
) -> None:
    """Add a seat whose upper side is at `top`: "round", "square", "saddle" or "cushion"."""
    if shape == "round":
        r = width / 2
        model.add(
            lathe(
                [
                    (0, top),
                    (r * 0.6, top + 0.002),
                    (r - 0.012, top - 0.002),
                    (r, top - 0.012),
                    (r, top - thick + 0.01),
                    (r - 0.01, top - thick),
                    (0, top - thick),
                ]
            ),
            material,
        )
    elif shape == "round cushion":
        r, h = width / 2, max(thick, 0.06)
        model.add(
            lathe(
                [
                    (0, top + 0.012),
                    (r * 0.5, top + 0.009),
                    (r * 0.85, top - 0.002),
                    (r * 0.97, top - 0.015),
                    (r, top - h / 2),
                    (r * 0.97, top - h + 0.01),
                    (r * 0.9, top - h),
                    (0, top - h),
                ]
            ),
            material,
        )
    elif shape == "saddle":
        u, v = np.meshgrid(np.linspace(-1, 1, 22), np.linspace(-1, 1, 18), indexing="ij")
        y = top + 0.028 * np.abs(u) ** 2.4 - 0.012 * np.cos(v * np.pi / 2)
        model.add(sheet(np.stack([u * width / 2, y, v * depth / 2 * (1 - 0.06 * u**4)], axis=-1), thick), material)
    else:
        soft = shape == "cushion"
        model.block(
            (0, top - thick / 2, 0),
            (width, thick, depth),
            material,
            radius=0.024 if soft else 0.009,
            crown=0.018 if soft else 0.0,
        )


def back_posts(
    model: Model,
    width: float,
    z: float,
    low: float,
    high: float,
    lean: float,
    material: Material,
    *,
    round_bar: bool = True,
) -> None:
    """Add the two uprights of a chair's back, leaning back by `lean` metres over their height."""
    for x in (-width / 2, width / 2):
        points = curve(
            (x, low, z), (x, low + 0.45 * (high - low), z - 0.30 * lean), (x * 1.02, high, z - lean), samples=6
        )
        if round_bar:
            model.rod(points, np.linspace(0.019, 0.014, len(points)).tolist(), material)
        else:
            model.add(
                sweep(points, 0.018 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]), np.ones(len(points))),
                material,
            )


def panel(
    model: Model,
    width: float,
    low: float,
    high: float,
    z: float,
    lean: float,
    material: Material,
    thick: float = 0.02,
    bow: float = 0.03,
    corner: float = 0.3,
) -> None:
    """Add a back panel bowed around the sitter; `corner` 0..1 rounds off its upper corners."""
    u, v = np.meshgrid(np.linspace(-1, 1, 22), np.linspace(0, 1, 18), indexing="ij")
    droop = corner * (high - low) * np.clip((np.abs(u) - 0.4) / 0.6, 0, 1) ** 3 * v
    y = low + v * (high - low) - droop
    deep = z - lean * v - bow * (1 - u**2)
    model.add(sheet(np.stack([u * width / 2, y, deep], axis=-1), thick), material)


def star_base(model: Model, radius: float, material: Material, arms: int = 5, *, casters: bool = True) -> None:
    """Add the base of an office chair: arms from a hub, with casters."""
    for k in range(arms):
        a = 2 * np.pi * (k + 0.15) / arms
        x, z = radius * np.sin(a), radius * np.cos(a)
        model.rod([(0, 0.115, 0), (x, 0.075, z)], [0.028, 0.016], material)
        if casters:
            model.add(lathe([(0.0, 0.062), (0.016, 0.062), (0.016, 0.04), (0, 0.04)], x, z, 12), material)
            tangent = np.array([np.cos(a), 0, -np.sin(a)]) * 0.022
            centre = np.array([x, 0.028, z])
            model.rod([tuple(centre - tangent), tuple(centre + tangent)], 0.027, PATENT.dyed("black"))
    model.add(lathe([(0.0, 0.15), (0.034, 0.15), (0.034, 0.09), (0, 0.09)], sides=20), material)


def scaled_cushion(
    model: Model, width: float, depth: float, low: float, thick: float, z: float, material: Material
) -> None:
    """Add a loose seat cushion."""
    model.block((0, low + thick / 2, z), (width, thick, depth), material, radius=thick * 0.42, crown=0.022)


def view(choices: SeededChoices, model: Model) -> Furniture:
    """Return the model as seen in its photo, with a slightly different camera for each product."""
    return Furniture(model, yaw=choices.between("yaw", 28, 40), pitch=choices.between("pitch", 13, 18))

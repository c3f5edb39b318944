"""Fittings of bags: zips, chains, clasps, tabs, straps with buckles, tags."""

from __future__ import annotations

import numpy as np

from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import Line, at, ellipse, join, line, rounded, spline
from index_builder.demo.art.painting.materials import METAL, Material
from index_builder.demo.art.painting.trims import buckle, ring, stud


def tab(
    draw: Drawing, x: float, y: float, width: float, length: float, material: Material, *, ringed: bool = True
) -> None:
    """Draw the leather piece that fixes a handle to the body, with its ring."""
    draw.part(rounded(x - width / 2, y - length, x + width / 2, y, width * 0.4), material, puff=4)
    draw.stitch(rounded(x - width / 2 + 4, y - length + 4, x + width / 2 - 4, y - 4, width * 0.3), material)
    if ringed:
        ring(draw, x, y + 3, width * 0.42)
    stud(draw, x, y - length * 0.66, 3.6)


def chain(draw: Drawing, curve: Line, size: float = 9.0, metal: Material = METAL) -> None:
    """Draw the links of a chain along a curve."""
    total = float(np.linalg.norm(np.diff(curve, axis=0), axis=1).sum())
    count = int(total / (size * 1.25))
    for k in range(count):
        a, b = at(curve, k / count), at(curve, (k + 1.1) / count)
        direction = (b - a) / (np.linalg.norm(b - a) + 1e-9)
        normal = np.array([-direction[1], direction[0]])
        outer = ellipse(0, 0, size * 0.86, size * (0.56 if k % 2 else 0.34))
        place = (a + b) / 2
        turned = place + outer[:, :1] * direction + outer[:, 1:] * normal
        inner = place + 0.52 * (turned - place)
        draw.part(turned, metal, puff=1.6, edge=0.9, holes=(inner,) if k % 2 else ())


def zip_line(draw: Drawing, curve: Line, metal: Material = METAL, *, pull: bool = True) -> None:
    """Draw a zip seen from outside, with a puller hanging from its end."""
    draw.stroke(curve, "#262324", 9)
    draw.stroke(curve, metal.hex, 4, dashed=True)
    if pull:
        x, y = curve[-1]
        draw.part(rounded(x - 6, y - 30, x + 6, y + 3, 5), metal, puff=2)


def belt_down(draw: Drawing, x: float, top: float, length: float, material: Material, width: float = 20.0) -> None:
    """Draw a short strap hanging down with a buckle on it."""
    end = join(
        line((x - width / 2, top), (x + width / 2, top)),
        spline((x + width / 2, top - length + 8), (x, top - length - 4), (x - width / 2, top - length + 8)),
    )
    draw.part(end, material, puff=5)
    buckle(draw, x, top - length * 0.62, width * 1.15, 90)


def clasp(draw: Drawing, x: float, y: float, style: str, metal: Material = METAL) -> None:
    """Draw the lock in the middle of a flap: "turn", "push", "ring", "bar" or "knot"."""
    if style == "turn":
        draw.part(rounded(x - 20, y - 13, x + 20, y + 13, 7), metal, puff=3)
        draw.part(rounded(x - 5, y - 9, x + 5, y + 9, 4), metal, puff=3, shade=-0.2)
    elif style == "push":
        draw.part(rounded(x - 16, y - 22, x + 16, y + 16, 6), metal, puff=3)
        draw.part(ellipse(x, y - 8, 5, 5), metal, puff=2, shade=-0.4)
    elif style == "ring":
        ring(draw, x, y - 4, 22)
    elif style == "bar":
        draw.part(rounded(x - 40, y - 7, x + 40, y + 7, 7), metal, puff=3)
    else:
        stud(draw, x - 8, y + 5, 12)
        stud(draw, x + 8, y + 5, 12)


def charm(draw: Drawing, x: float, y: float, material: Material) -> None:
    """Draw a leather tag on a cord."""
    draw.stroke(spline((x, y), (x + 10, y - 24), (x + 6, y - 44)), material.hex, 4)
    draw.part(rounded(x - 12, y - 96, x + 26, y - 42, 12), material, puff=5)

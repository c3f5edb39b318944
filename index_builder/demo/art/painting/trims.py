"""Small trims sewn on shoes: straps, buckles, bows, laces, zips, tassels."""

from __future__ import annotations

import numpy as np

from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import (
    Line,
    at,
    band,
    ellipse,
    join,
    line,
    normals,
    offset,
    rounded,
    shifted,
    spline,
)
from index_builder.demo.art.painting.materials import METAL, Material, tint

BRASS = METAL
STEEL = METAL.dyed("steel")


def strap(draw: Drawing, curve: Line, width: float, material: Material, *, stitched: bool = False) -> None:
    """Draw a strip of material along a curve."""
    draw.part(band(curve, width), material, puff=width * 0.3)
    if stitched:
        for side in (-1, 1):
            draw.stitch(offset(curve, side * (width / 2 - 3.5)), material)


def turned(outline: Line, degrees: float, x: float, y: float) -> Line:
    """Return the outline turned about the origin, then moved to (x,y)."""
    a = np.radians(degrees)
    return shifted(outline @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]), x, y)


def buckle(draw: Drawing, x: float, y: float, size: float, angle: float = 0.0, metal: Material = BRASS) -> None:
    """Draw a rectangular frame with its pin. The strap runs along `angle` in degrees."""
    outer = turned(rounded(-size * 0.55, -size * 0.7, size * 0.55, size * 0.7, size * 0.25), angle, x, y)
    inner = turned(rounded(-size * 0.32, -size * 0.46, size * 0.32, size * 0.46, size * 0.12), angle, x, y)
    draw.part(outer, metal, puff=size * 0.1, holes=(inner,))
    draw.part(turned(rounded(-size * 0.5, -size * 0.09, size * 0.42, size * 0.09, 2), angle, x, y), metal, puff=1.5)


def ring(draw: Drawing, x: float, y: float, radius: float, metal: Material = BRASS) -> None:
    """Draw a metal ring."""
    draw.part(
        ellipse(x, y, radius, radius), metal, puff=radius * 0.15, holes=(ellipse(x, y, radius * 0.66, radius * 0.66),)
    )


def stud(draw: Drawing, x: float, y: float, radius: float, metal: Material = BRASS) -> None:
    """Draw a small metal dome."""
    draw.part(ellipse(x, y, radius, radius), metal, puff=radius * 0.4, edge=1.0)


def bow(draw: Drawing, x: float, y: float, size: float, material: Material, angle: float = 0.0) -> None:
    """Draw a bow: two loops, two ends and a knot."""
    for side in (-1, 1):
        tail = spline((0, 0), (side * size * 0.4, -size * 0.42), (side * size * 0.72, -size * 0.62))
        draw.part(turned(band(tail, size * 0.12, size * 0.3), angle, x, y), material, puff=size * 0.06, shade=-0.12)
    for side in (-1, 1):
        loop = spline(
            (0, 0),
            (side * size * 0.5, size * 0.42),
            (side * size, size * 0.3),
            (side * size * 0.95, -size * 0.28),
            (side * size * 0.45, -size * 0.25),
            (0, 0),
        )
        draw.part(turned(loop, angle, x, y), material, puff=size * 0.12)
        fold = spline((side * size * 0.12, 0.0), (side * size * 0.4, size * 0.1), (side * size * 0.62, size * 0.08))
        draw.seam(turned(fold, angle, x, y), material, 1.4)
    draw.part(
        turned(rounded(-size * 0.2, -size * 0.2, size * 0.2, size * 0.22, size * 0.1), angle, x, y),
        material,
        puff=size * 0.08,
    )


def laces(draw: Drawing, edge: Line, count: int, reach: float, colour: str, *, knot: bool = True) -> None:
    """Draw laces over the front `edge` (running up): a row of eyelets `reach` inside it and a bar from each."""
    for k in range(count):
        f = (k + 0.5) / count
        top = at(edge, f)
        inward = -normals(edge)[min(len(edge) - 1, int(f * len(edge)))]
        eye = top + inward * reach
        draw.fill(ellipse(eye[0], eye[1], 4.2, 4.2), "#2a2624")
        bar = spline(eye, shifted(top + inward * reach * 0.4, 0, 3), top - inward * 3, samples=6)
        draw.stroke(bar, tint(colour, -0.5), 8.5)
        draw.stroke(bar, colour, 6.2)
    if knot:
        end = shifted(at(edge, 1 - 0.5 / count), -2, 0)
        for loop in (
            [(0, 0), (-22, 20), (-42, 8), (-30, -10), (0, 0)],
            [(0, 0), (22, 6), (42, -14), (20, -22), (0, 0)],
        ):
            curve = spline(*[(end[0] + a, end[1] + b) for a, b in loop])
            draw.stroke(curve, tint(colour, -0.5), 7.0)
            draw.stroke(curve, colour, 4.8)


def zipper(draw: Drawing, curve: Line, metal: Material = BRASS) -> None:
    """Draw a closed zip along a curve with its puller at the start."""
    draw.stroke(curve, "#2b2826", 7.0)
    draw.stroke(curve, tint(metal.hex, 0.15), 3.4, 1.0, dashed=True)
    p = at(curve, 0.03)
    draw.part(rounded(p[0] - 4.5, p[1] - 24, p[0] + 4.5, p[1] + 2, 4), metal, puff=2)


def tassel(draw: Drawing, x: float, y: float, size: float, material: Material) -> None:
    """Draw a knot with a fringed skirt hanging to the lower left."""
    skirt = join(line((-0.16 * size, 0), (0.16 * size, 0)), line((0.34 * size, -size), (-0.34 * size, -size)))
    draw.part(turned(skirt, -28, x, y), material, puff=size * 0.12)
    for k in (-0.16, 0.0, 0.16):
        draw.seam(turned(line((k * size * 0.5, -size * 0.2), (k * size, -size * 0.95)), -28, x, y), material, 1.2)
    draw.part(ellipse(x, y, size * 0.22, size * 0.2), material, puff=size * 0.1)


def fringe(draw: Drawing, curve: Line, length: float, material: Material, strips: int = 14) -> None:
    """Draw strips that hang from a curve."""
    for k in range(strips):
        a, b = at(curve, k / strips), at(curve, (k + 0.9) / strips)
        tip = shifted((a + b) / 2, -4, -(length * (1 - 0.06 * (k % 3))))
        draw.part(
            join(a[None], b[None], shifted(tip, 3, 0)[None], shifted(tip, -3, 0)[None]), material, puff=3, edge=1.0
        )


def cuff(draw: Drawing, curve: Line, width: float, material: Material, bumps: int = 9) -> None:
    """Draw a fluffy roll along a curve, such as shearling or a knitted rib."""
    fluff = width * (1 + 0.12 * np.sin(np.linspace(0, bumps * 2 * np.pi, len(curve))))
    draw.part(join(offset(curve, fluff / 2), offset(curve, -fluff[::-1] / 2)[::-1]), material, puff=width * 0.28)


def quilt(draw: Drawing, curve_a: Line, curve_b: Line, rows: int, material: Material) -> None:
    """Draw seams from one curve across to another at even fractions."""
    for k in range(1, rows):
        a, b = at(curve_a, k / rows), at(curve_b, k / rows)
        draw.seam(spline(a, shifted((a + b) / 2, 0, -5), b, samples=8), material, 2.0)

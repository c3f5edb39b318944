"""Handles, flaps, pockets and fittings of bags, seen from the front (units: about 400 to a bag's width)."""

from __future__ import annotations

import numpy as np

from index_builder.demo.art.bags.fittings import belt_down, zip_line
from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import Line, band, join, line, offset, rounded, shifted, spline, sub
from index_builder.demo.art.painting.materials import Material
from index_builder.demo.art.painting.trims import stud


def arch(x0: float, x1: float, y: float, rise: float, shape: str = "round") -> Line:
    """Return the centre line of a handle from (x0,y) over a rise to (x1,y)."""
    m, w = (x0 + x1) / 2, (x1 - x0) / 2
    if shape == "flat":
        return spline(
            (x0, y),
            (x0 + 2, y + rise * 0.72),
            (x0 + 0.22 * w, y + rise),
            (m, y + rise),
            (x1 - 0.22 * w, y + rise),
            (x1 - 2, y + rise * 0.72),
            (x1, y),
        )
    if shape == "triangle":
        return spline((x0, y), (m - 0.2 * w, y + rise * 0.9), (m, y + rise), (m + 0.2 * w, y + rise * 0.9), (x1, y))
    return spline(
        (x0, y),
        (x0 + 0.08 * w, y + rise * 0.5),
        (m - 0.5 * w, y + rise * 0.92),
        (m, y + rise),
        (m + 0.5 * w, y + rise * 0.92),
        (x1 - 0.08 * w, y + rise * 0.5),
        (x1, y),
    )


def handles(draw: Drawing, curve: Line, width: float, material: Material, *, front: bool) -> None:
    """Draw a handle. The rear one (`front` False) is a little higher and darker."""
    if front:
        draw.part(band(curve, width), material, puff=width * 0.34)
        for side in (-1, 1) if width > 13 else ():
            draw.stitch(offset(curve, side * (width / 2 - 4)), material)
    else:
        draw.part(band(shifted(curve * (0.96, 1), 0, 14), width * 0.9), material, puff=width * 0.3, shade=-0.3)


def pocket(draw: Drawing, x0: float, y0: float, x1: float, y1: float, material: Material, style: str) -> None:
    """Draw a patch pocket: "zip", "flap", "open" or "buckled"."""
    body = rounded(x0, y0, x1, y1, 22)
    draw.part(body, material, puff=9)
    draw.stitch(rounded(x0 + 7, y0 + 7, x1 - 7, y1 - 7, 17), material)
    if style == "zip":
        zip_line(draw, line((x0 + 24, y1 - 24), (x1 - 28, y1 - 24)))
    elif style in ("flap", "buckled"):
        drop = 0.42 * (y1 - y0)
        lid = join(
            line((x0 - 4, y1 + 4), (x1 + 4, y1 + 4)),
            spline((x1 + 4, y1 + 4), (x1 + 2, y1 - drop * 0.7), (x1 - 20, y1 - drop)),
            spline((x0 + 20, y1 - drop), (x0 - 2, y1 - drop * 0.7), (x0 - 4, y1 + 4)),
        )
        draw.part(lid, material, puff=8)
        if style == "buckled":
            m = (x0 + x1) / 2
            belt_down(draw, m, y1 - 6, drop + 20, material)
        else:
            stud(draw, (x0 + x1) / 2, y1 - drop + 13, 7)


def quilting(draw: Drawing, outline: Line, material: Material, gap: float, style: str) -> None:
    """Draw seams over a panel: "diamond", "rows" or "columns", at least `gap` inside the outline's box."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    span = high - low
    segments = []
    if style == "rows":
        segments = [line((low[0], y), (high[0], y)) for y in np.arange(low[1] + gap, high[1] - gap * 0.5, gap)]
    elif style == "columns":
        segments = [line((x, low[1]), (x, high[1])) for x in np.arange(low[0] + gap, high[0] - gap * 0.5, gap)]
    else:
        for s in np.arange(-span[1] + gap, span[0], gap * 1.4):
            for slope in (1, -1):
                x0 = low[0] + s if slope > 0 else high[0] - s
                segments.append(line((x0, low[1]), (x0 + slope * span[1], high[1])))
    for segment in segments:
        if (inner := inside(outline, segment)) is not None:
            draw.seam(sub(inner, 0.02, 0.98), material, 2.2)


def inside(outline: Line, segment: Line) -> Line | None:
    """Return the part of a straight segment between its first and last crossing with a closed outline, if any."""
    d, n = segment[1] - segment[0], np.array([segment[0, 1] - segment[1, 1], segment[1, 0] - segment[0, 0]])
    side = (outline - segment[0]) @ n
    cross = side * np.roll(side, -1) < 0
    a, b = outline[cross], np.roll(outline, -1, axis=0)[cross]
    t = side[cross] / (side[cross] - np.roll(side, -1)[cross])
    along = ((a + (b - a) * t[:, None]) - segment[0]) @ d / (d @ d)
    along = along[(along >= 0) & (along <= 1)]
    if len(along) < 2 or np.ptp(along) < 0.06:
        return None
    return np.stack([segment[0] + d * along.min(), segment[0] + d * along.max()])


def trapezoid(bottom: float, top: float, height: float, radius: float, sag: float = 0.0) -> Line:
    """Return a bag's front on y = 0, `bottom` and `top` wide, whose upper edge sags in the middle."""
    b, t, r = bottom / 2, top / 2, radius
    low = spline((-b, r * 1.6), (-b + r * 0.25, r * 0.35), (-b + r, 0), samples=8)
    rim = spline((t, height), (0, height - sag), (-t, height))
    return join(low, low[::-1] * (-1, 1), rim)

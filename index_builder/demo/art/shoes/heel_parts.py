"""Heels: the piece between a raised heel seat and the ground."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import Line, join, line, shifted, spline
from index_builder.demo.art.painting.materials import RUBBER, Material
from index_builder.demo.art.shoes.last import Last, heel_seat


def _find_seat(last: Last, start: float) -> tuple[Line, float, float, float]:
    """Return the seat curve lowered by the sole, the x of its front and back, and the height of its back."""
    top = shifted(heel_seat(last, start), 0, -4)
    return top, float(top[0, 0]), float(top[-1, 0]), float(top[-1, 1])


def _stiletto(last: Last) -> Line:
    top, x0, x1, h = _find_seat(last, 0.80)
    foot = x1 - 0.06 * h - 4
    back = spline((x1, h), (x1 + 1, h * 0.8), (foot + 8, h * 0.4), (foot + 6, 0))
    breast = spline((foot - 5, 0), (foot - 7, h * 0.42), (x1 - 34, h * 0.74), (x0, top[0, 1]))
    return join(top, back, breast)


def _kitten(last: Last) -> Line:
    top, x0, x1, h = _find_seat(last, 0.82)
    foot = x1 - 0.25 * h - 8
    back = spline((x1, h), (x1 - 6, h * 0.6), (foot + 7, 0))
    breast = spline((foot - 7, 0), (foot - 8, h * 0.45), (x0 + 8, h * 0.8), (x0, top[0, 1]))
    return join(top, back, breast)


def _block(last: Last, start: float = 0.76, taper: float = 6.0) -> Line:
    top, x0, x1, h = _find_seat(last, start)
    return join(top, line((x1, h), (x1 - taper, 0)), line((x0 + taper, 0), (x0, top[0, 1])))


def _flared(last: Last) -> Line:
    top, x0, x1, h = _find_seat(last, 0.78)
    back = spline((x1, h), (x1 - 5, h * 0.6), (x1 + 10, 0))
    return join(top, back, spline((x0 - 12, 0), (x0 + 8, h * 0.6), (x0, top[0, 1])))


def _cone(last: Last) -> Line:
    top, x0, x1, h = _find_seat(last, 0.74)
    middle = x1 - 34
    return join(top, line((x1, h), (middle + 14, 0)), line((middle - 14, 0), (x0, top[0, 1])))


def _spool(last: Last) -> Line:
    top, x0, x1, h = _find_seat(last, 0.78)
    m = (x0 + x1) / 2 + 8
    back = spline((x1, h), (m + 15, h * 0.62), (m + 12, h * 0.38), (m + 24, 0))
    return join(top, back, spline((m - 24, 0), (m - 12, h * 0.38), (m - 15, h * 0.62), (x0, top[0, 1])))


def _cuban(last: Last) -> Line:
    top, x0, x1, h = _find_seat(last, 0.74)
    return join(top, spline((x1, h), (x1 - 6, h * 0.5), (x1 - 24, 0)), line((x0 + 4, 0), (x0, top[0, 1])))


HEELS: Mapping[str, Callable[[Last], Line]] = MappingProxyType(
    {
        "stiletto": _stiletto,
        "kitten": _kitten,
        "block": _block,
        "flared": _flared,
        "cone": _cone,
        "spool": _spool,
        "cuban": _cuban,
        "stacked": _block,
    }
)


def heel(draw: Drawing, last: Last, shape: str, material: Material) -> None:
    """Draw the heel with its top piece. A stacked heel shows its layers."""
    outline = HEELS[shape](last)
    foot = outline[outline[:, 1] < 0.5, 0]
    draw.shadow(float(foot.min()) - 4, float(foot.max()) + 4)
    draw.part(outline, material, puff=6)
    if shape in ("stacked", "cuban"):
        for y in np.arange(14.0, outline[:, 1].min() + last.heel + last.platform - 16, 13.0):
            x = _find_span(outline, y)
            draw.seam(line((x[0] + 1, y), (x[1] - 1, y)), material, 1.1)
    top = min(7.0, last.heel * 0.14)
    x = _find_span(outline, top)
    draw.part(line((foot.min(), 0), (foot.max(), 0), (x[1], top), (x[0], top)), RUBBER, puff=2)


def wedge(draw: Drawing, last: Last, material: Material, rows: int = 0) -> None:
    """Draw a sole that fills the whole space below the foot, with `rows` grooves (rope, cork layers)."""
    b = last.back
    rim = last.feather + np.stack([np.linspace(-5, 5, len(last.feather)), np.zeros(len(last.feather))], axis=1)
    nose = spline(rim[0], (rim[0, 0] + 5, rim[0, 1] * 0.5), (0.08 * b, 2), (0.2 * b, 0))
    rear = spline(rim[-1], (b + 3, rim[-1, 1] * 0.55), (b - 8, 0))
    draw.shadow(0.08 * b, b)
    draw.part(join(rim, rear, line((0.6 * b, 0)), nose[::-1]), material, puff=7)
    for k in range(1, rows + 1):
        t = k / (rows + 1)
        groove = rim * (1, 1 - t)
        draw.seam(spline(*groove[6:-4:9]), material, 1.2)


def _find_span(outline: Line, y: float) -> tuple[float, float]:
    """Return the leftmost and rightmost x at which a closed outline crosses a height."""
    a, b = outline, np.roll(outline, -1, axis=0)
    hit = (a[:, 1] - y) * (b[:, 1] - y) <= 0
    hit &= a[:, 1] != b[:, 1]
    a, b = a[hit], b[hit]
    x = a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
    return float(x.min()), float(x.max())

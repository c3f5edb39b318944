"""Polylines: every outline in the demo art is an (N,2) float64 array, y pointing up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Line: TypeAlias = npt.NDArray[np.float64]  # (N,2)
Point: TypeAlias = tuple[float, float]


def spline(*points: Point | Line, closed: bool = False, samples: int = 14) -> Line:
    """Return a smooth curve through `points` (centripetal Catmull-Rom) with `samples` vertices per span."""
    p = np.asarray(points, dtype=np.float64)
    p = np.vstack([p[-1], p, p[0], p[1]]) if closed else np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    knots = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=1) ** 0.5 + 1e-9)])
    step = np.diff(knots)[:, None]
    slope = np.diff(p, axis=0) / step
    tangent = (slope[:-1] * step[1:] + slope[1:] * step[:-1]) / (step[:-1] + step[1:])
    t = np.linspace(0.0, 1.0, samples, endpoint=False)[:, None]
    spans = [
        (2 * t**3 - 3 * t**2 + 1) * p[i + 1]
        + (t**3 - 2 * t**2 + t) * step[i + 1] * tangent[i]
        + (3 * t**2 - 2 * t**3) * p[i + 2]
        + (t**3 - t**2) * step[i + 1] * tangent[i + 1]
        for i in range(len(p) - 3)
    ]
    return np.vstack([*spans, p[-2][None]])


def line(*points: Point) -> Line:
    """Return a polyline through points."""
    return np.asarray(points, dtype=np.float64)


def shifted(curve: Line, dx: float, dy: float) -> Line:
    """Return a curve, or a single point (2,), moved by (dx,dy)."""
    return np.asarray(curve + np.array([dx, dy]), dtype=np.float64)


def join(*lines: Line) -> Line:
    """Join consecutive pieces to one outline. Each joint stays a corner."""
    return np.vstack(lines)


def ellipse(cx: float, cy: float, rx: float, ry: float, start: float = 0.0, stop: float = 360.0) -> Line:
    """Return an ellipse or, with `start` and `stop` in degrees counter-clockwise, an arc of one."""
    a = np.radians(np.linspace(start, stop, 48))
    return np.stack([cx + rx * np.cos(a), cy + ry * np.sin(a)], axis=1)


def rounded(x0: float, y0: float, x1: float, y1: float, radius: float) -> Line:
    """Return a rectangle with rounded corners."""
    r = min(radius, abs(x1 - x0) / 2, abs(y1 - y0) / 2)
    return rounded_polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], r)


def rounded_polygon(corners: Sequence[Point], radius: float) -> Line:
    """Return a closed polygon whose corners are rounded by quadratic arcs starting `radius` before each."""
    p = np.asarray(corners, dtype=np.float64)
    t = np.linspace(0.0, 1.0, 9)[:, None]
    arcs = []
    for before, here, after in zip(np.roll(p, 1, 0), p, np.roll(p, -1, 0), strict=True):
        a = here + (before - here) * min(radius / (np.linalg.norm(before - here) + 1e-9), 0.5)
        b = here + (after - here) * min(radius / (np.linalg.norm(after - here) + 1e-9), 0.5)
        arcs.append((1 - t) ** 2 * a + 2 * t * (1 - t) * here + t**2 * b)
    return np.vstack(arcs)


def height(curve: Line, x: float) -> float:
    """Return the y at x of a curve that is monotone in x."""
    order = np.argsort(curve[:, 0], kind="stable")
    return float(np.interp(x, curve[order, 0], curve[order, 1]))


def between_x(curve: Line, low: float, high: float) -> Line:
    """Return the part of a curve monotone in x that lies in [low, high], ends included, from left to right."""
    order = np.argsort(curve[:, 0], kind="stable")
    x = curve[order, 0]
    inner = curve[order][(x > low) & (x < high)]
    return np.vstack([[low, height(curve, low)], inner, [high, height(curve, high)]])


def lengths(curve: Line) -> npt.NDArray[np.float64]:
    """Return the arc length from the start to every vertex, (N,)."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])


def sub(curve: Line, start: float, stop: float) -> Line:
    """Return the part between two fractions (0..1) of a curve's length."""
    s = lengths(curve)
    inner = curve[(s > start * s[-1]) & (s < stop * s[-1])]
    return np.vstack([at(curve, start), inner, at(curve, stop)])


def at(curve: Line, fraction: float) -> Line:
    """Return the point (2,) at a fraction of a curve's length."""
    s = lengths(curve)
    return np.array([np.interp(fraction * s[-1], s, curve[:, k]) for k in (0, 1)])


def spot(curve: Line, fraction: float) -> Point:
    """Return at() as an (x, y) pair."""
    x, y = at(curve, fraction)
    return float(x), float(y)


def normals(curve: Line) -> Line:
    """Return unit normals (N,2), to the left of the direction of travel."""
    d = np.gradient(curve, axis=0)
    d /= np.linalg.norm(d, axis=1, keepdims=True) + 1e-9
    return np.stack([-d[:, 1], d[:, 0]], axis=1)


def offset(curve: Line, distance: float | npt.NDArray[np.float64]) -> Line:
    """Return the curve moved by `distance`, a number or (N,), to the left of its direction of travel."""
    return np.asarray(curve + normals(curve) * np.reshape(distance, (-1, 1)), dtype=np.float64)


def band(curve: Line, width: float, end_width: float | None = None) -> Line:
    """Return the closed outline of a strip along a curve, whose width changes linearly to `end_width`."""
    half = np.linspace(width, width if end_width is None else end_width, len(curve)) / 2
    return np.vstack([offset(curve, half), offset(curve, -half)[::-1]])


def inset(outline: Line, distance: float) -> Line:
    """Return a closed outline moved inwards, in whichever direction it runs."""
    x, y = outline.T
    clockwise = float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) < 0
    return offset(outline, -distance if clockwise else distance)

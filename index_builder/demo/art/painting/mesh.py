"""Furniture as surfaces in space: metres, y up, x to the sitter's left, z out of the chair's front."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from index_builder.demo.art.painting.materials import Material

Quads: TypeAlias = npt.NDArray[np.float64]  # (Q,4,3)
Vectors: TypeAlias = npt.NDArray[np.float64]  # (N,3)
Vector: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True)
class Surface:
    """Quads (Q,4,3) of one material."""

    quads: Quads
    material: Material


@dataclass
class Model:
    """Piece of furniture under construction."""

    surfaces: list[Surface] = field(default_factory=list)

    def add(self, quads: Quads, material: Material) -> None:
        """Add a surface given as quads (Q,4,3)."""
        self.surfaces.append(Surface(quads, material))

    def block(self, centre: Vector, size: Vector, material: Material, radius: float = 0.006, **how: float) -> None:
        """Add a box with rounded edges. See rounded_block()."""
        self.add(rounded_block(centre, size, radius, **how), material)

    def rod(self, points: Sequence[Vector] | Vectors, radius: float | Sequence[float], material: Material) -> None:
        """Add a round bar along a polyline, with one radius or one per point."""
        self.add(tube(np.asarray(points, dtype=np.float64), np.asarray(radius, dtype=np.float64)), material)


def grid_quads(grid: npt.NDArray[np.float64]) -> Quads:
    """Return the quads (Q,4,3) of a grid of points (U,V,3)."""
    return np.stack([grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]], axis=2).reshape(-1, 4, 3)


def _space_steps(half: float, radius: float) -> npt.NDArray[np.float64]:
    """Return positions along an edge of a rounded block, dense on the rounding and at most 2.5 cm apart elsewhere."""
    curve = radius * (1 - np.cos(np.linspace(0, np.pi / 2, 4)))
    flat = np.linspace(-half + radius, half - radius, max(2, int(np.ceil((half - radius) / 0.0125)) + 1))
    return np.concatenate([(-half + curve)[:-1], flat, (half - curve[::-1])[1:]])


def rounded_block(
    centre: Vector, size: Vector, radius: float, tilt: float = 0.0, turn: float = 0.0, crown: float = 0.0
) -> Quads:
    """Return a box with rounded edges, tilted about x (positive leans the top back) and turned about y (degrees).

    `crown` raises the middle of its top and front by that many metres, as an upholstered cushion.
    """
    half = np.asarray(size, dtype=np.float64) / 2
    r = min(radius, float(half.min()) * 0.999)
    sides = []
    for axis in range(3):
        u, v = (a for a in range(3) if a != axis)
        gu, gv = np.meshgrid(_space_steps(half[u], r), _space_steps(half[v], r), indexing="ij")
        for sign in (-1.0, 1.0):
            p = np.zeros((*gu.shape, 3))
            p[..., u], p[..., v], p[..., axis] = gu, gv, sign * half[axis]
            core = np.clip(p, -(half - r), half - r)
            away = p - core
            p = core + r * away / np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 1e-9)
            if crown:
                bulge = crown * (1 - np.abs(gu / half[u]) ** 2.5) * (1 - np.abs(gv / half[v]) ** 2.5)
                p[..., axis] += sign * bulge
            sides.append(grid_quads(p))
    return moved(np.concatenate(sides), centre, tilt, turn)


def moved(quads: Quads, shift: Vector, tilt: float = 0.0, turn: float = 0.0) -> Quads:
    """Return quads tilted about x, turned about y (degrees), then shifted."""
    a, b = np.radians(-tilt), np.radians(turn)
    rx = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    ry = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    return np.asarray(quads @ (ry @ rx).T + shift, dtype=np.float64)


def curve(*points: Vector, samples: int = 10, closed: bool = False) -> Vectors:
    """Return a smooth curve through points in space (uniform Catmull-Rom)."""
    p = np.asarray(points, dtype=np.float64)
    p = np.vstack([p[-1], p, p[:2]]) if closed else np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0, 1, samples, endpoint=False)[:, None]
    spans = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True)
    ]
    return np.vstack([*spans, p[-2][None]])


def dense(points: Vectors, step: float = 0.03) -> tuple[Vectors, npt.NDArray[np.float64]]:
    """Return the polyline with points at most `step` apart, and the place of each along the given points."""
    parts, places = [], []
    for k, (a, b) in enumerate(itertools.pairwise(points)):
        n = max(1, int(np.ceil(np.linalg.norm(b - a) / step)))
        t = np.arange(n) / n
        parts.append(a + (b - a) * t[:, None])
        places.append(k + t)
    return np.vstack([*parts, points[-1:]]), np.concatenate([*places, [len(points) - 1.0]])


def tube(points: Vectors, radius: npt.NDArray[np.float64]) -> Quads:
    """Return a round bar with closed ends along a polyline."""
    sides = 12 if radius.max() < 0.04 else 28
    a = np.linspace(0, 2 * np.pi, sides + 1)
    return sweep(points, np.stack([np.cos(a), np.sin(a)], axis=1), radius)


def sweep(points: Vectors, section: npt.NDArray[np.float64], scale: npt.NDArray[np.float64]) -> Quads:
    """Return a closed section (M,2) swept along a polyline with parallel transport, scaled along the way."""
    path, place = dense(points)
    scales = np.interp(place, np.arange(len(points)), np.broadcast_to(scale, (len(points),)))
    tangent = np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-12
    side = np.cross(tangent[0], (0.0, 0.0, 1.0) if abs(tangent[0, 2]) < 0.9 else (0.0, 1.0, 0.0))
    rings = []
    for p, t, s in zip(path, tangent, scales, strict=True):
        side = side - t * (side @ t)
        side /= np.linalg.norm(side)
        frame = np.stack([side, np.cross(t, side)])
        rings.append(p + s * section @ frame)
    caps = [np.repeat(path[:1], len(section), 0)[None], np.repeat(path[-1:], len(section), 0)[None]]
    return grid_quads(np.concatenate([caps[0], np.stack(rings), caps[1]]))


def lathe(profile: Sequence[tuple[float, float]], x: float = 0.0, z: float = 0.0, sides: int = 40) -> Quads:
    """Return a body of revolution about the vertical axis at (x,z) from (radius, height) pairs."""
    r, y = np.asarray(profile, dtype=np.float64).T
    a = np.linspace(0, 2 * np.pi, sides + 1)
    grid = np.stack([x + np.outer(r, np.cos(a)), np.repeat(y[:, None], sides + 1, 1), z + np.outer(r, np.sin(a))], -1)
    return grid_quads(grid)


def sheet(rows: npt.NDArray[np.float64], thickness: float) -> Quads:
    """Return a bent panel: a grid of points (U,V,3) given a thickness along its normals, with closed rims."""
    du, dv = np.gradient(rows, axis=0), np.gradient(rows, axis=1)
    normal = np.cross(du, dv)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-12
    front, back = rows + normal * thickness / 2, rows - normal * thickness / 2
    rims = [
        grid_quads(np.stack([f, b]))
        for f, b in ((front[0], back[0]), (front[-1], back[-1]), (front[:, 0], back[:, 0]), (front[:, -1], back[:, -1]))
    ]
    return np.concatenate([grid_quads(front), grid_quads(back), *rims])

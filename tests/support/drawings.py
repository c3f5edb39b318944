"""Pairs made in memory: polygons as photos and edge maps, drawn corner to corner by an unsteady hand, with strokes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from index_builder.datasets.pairs import Pair, PairFolder
from index_builder.datasets.pictures import Sketch

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Polygon:
    """A Picture of a polygon: filled as a photo of it would be, or its outline."""

    name: str
    points: Points
    filled: bool = False

    def content(self) -> bytes:
        return repr((self.points, self.filled)).encode()

    def open(self) -> Image.Image:
        image = Image.new("RGB", (256, 256), "white")
        if self.filled:
            ImageDraw.Draw(image).polygon(self.points, fill=(150, 40, 90))
        else:
            ImageDraw.Draw(image).line([*self.points, self.points[0]], fill="black", width=2)
        return image

    def mirrored(self) -> Polygon:
        return Polygon(self.name, tuple((255 - x, y) for x, y in self.points), self.filled)


def drawings(photos: int = 16, sketches: int = 2) -> PairFolder:
    """A folder `polygons`, the same on every call; a sketch's strokes are its polygon's sides, in order."""
    random = np.random.default_rng(5)
    pairs = []
    for i in range(photos):
        angles = np.sort(random.uniform(0, 2 * np.pi, 4 + i % 5))
        corners = 128 + np.stack([np.cos(angles), np.sin(angles)], 1) * random.uniform(40, 110, (len(angles), 1))
        drawn = [_sketch(f"{i:02}_{n}", corners + random.normal(0, 2, corners.shape)) for n in range(sketches)]
        points = _points(corners.tolist())
        pairs.append(Pair(f"{i:02}", Polygon(f"{i:02}", points, True), Polygon(f"{i:02}", points), tuple(drawn)))
    return PairFolder("polygons", tuple(pairs))


def _sketch(name: str, corners: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Sketch:
    points = _points(corners.tolist())
    sides = zip(points, [*points[1:], points[0]], strict=True)
    return Sketch(Polygon(name, points), [[list(start), list(end)] for start, end in sides])


def _points(corners: Sequence[Sequence[float]]) -> Points:
    return tuple((x, y) for x, y in corners)

"""Pairs in memory: polygons as photos and edge maps, and noisy drawings of them with strokes."""

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
    """Picture of a polygon: filled like a photo of it, or its outline."""

    name: str
    points: Points
    is_filled: bool = False

    def content(self) -> bytes:
        """Return bytes that identify the picture."""
        return repr((self.points, self.is_filled)).encode()

    def open(self) -> Image.Image:
        """Draw the polygon on 256x256 white pixels."""
        image = Image.new("RGB", (256, 256), "white")
        if self.is_filled:
            ImageDraw.Draw(image).polygon(self.points, fill=(150, 40, 90))
        else:
            ImageDraw.Draw(image).line([*self.points, self.points[0]], fill="black", width=2)
        return image

    def mirrored(self) -> Polygon:
        """Return the mirror image."""
        return Polygon(self.name, tuple((255 - x, y) for x, y in self.points), self.is_filled)


def drawings(photos: int = 16, sketches: int = 2) -> PairFolder:
    """Make the pair folder `polygons`, the same on every call; a sketch's strokes are its polygon's sides, in order."""
    random = np.random.default_rng(5)
    pairs = []
    for i in range(photos):
        angles = np.sort(random.uniform(0, 2 * np.pi, 4 + i % 5))
        corners = 128 + np.stack([np.cos(angles), np.sin(angles)], 1) * random.uniform(40, 110, (len(angles), 1))
        drawn = [_draw_sketch(f"{i:02}_{n}", corners + random.normal(0, 2, corners.shape)) for n in range(sketches)]
        points = _to_points(corners.tolist())
        pairs.append(
            Pair(f"{i:02}", Polygon(f"{i:02}", points, is_filled=True), Polygon(f"{i:02}", points), tuple(drawn))
        )
    return PairFolder("polygons", tuple(pairs))


def _draw_sketch(name: str, corners: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Sketch:
    points = _to_points(corners.tolist())
    sides = zip(points, [*points[1:], points[0]], strict=True)
    return Sketch(Polygon(name, points), [[list(start), list(end)] for start, end in sides])


def _to_points(corners: Sequence[Sequence[float]]) -> Points:
    return tuple((x, y) for x, y in corners)

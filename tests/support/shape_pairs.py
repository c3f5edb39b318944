"""Pair folder for tests: coloured polygons as photos, and their noisy outlines as sketches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw


def write_shapes(folder: Path, photos: int = 24, sketches: int = 2) -> Path:
    """Write photos/ID.jpg and sketches/ID_N.png; the same on every call. Returns the folder."""
    for name in ("photos", "sketches"):
        (folder / name).mkdir(parents=True)
    random = np.random.default_rng(3)
    for i in range(photos):
        angles = np.sort(random.uniform(0, 2 * np.pi, 3 + i % 5))
        points = 128 + np.stack([np.cos(angles), np.sin(angles)], 1) * random.uniform(40, 110, (len(angles), 1))
        photo = Image.new("RGB", (256, 256), "white")
        ImageDraw.Draw(photo).polygon(_to_tuples(points), fill=(150, 40, 10 * i % 256))
        photo.save(folder / "photos" / f"{i}.jpg", quality=95)
        for n in range(sketches):
            hand = points + random.normal(0, 2, points.shape)
            sketch = Image.new("L", (256, 256), 255)
            ImageDraw.Draw(sketch).line(_to_tuples(np.concatenate([hand, hand[:1]])), fill=0, width=2)
            sketch.save(folder / "sketches" / f"{i}_{n}.png")
    return folder


def _to_tuples(points: NDArray[np.float64]) -> list[tuple[float, float]]:
    return [(x, y) for x, y in points.tolist()]

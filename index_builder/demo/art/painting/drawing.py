"""Drawing of one product: overlaid parts in free units (y up), fitted to the photo at the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from index_builder.demo.art.painting.geometry import Line, band, ellipse, lengths, shifted, sub
from index_builder.demo.art.painting.materials import Material, brightness, channels, tint
from index_builder.demo.art.painting.paint import Photo, coverage, dash, lay, lit_part, shadow
from index_builder.demo.art.painting.textures import MARGIN, SIDE


@dataclass(frozen=True)
class Fit:
    """Mapping of drawing units to pixels."""

    scale: float
    left: float
    top: float

    def __call__(self, line: Line) -> Line:
        """Return the points (N,2) of a line in pixels, y down."""
        return np.stack([(line[:, 0] - self.left) * self.scale, (self.top - line[:, 1]) * self.scale], axis=1)


@dataclass(frozen=True)
class _Part:
    outlines: tuple[Line, ...]
    material: Material
    colour: str
    puff: float
    edge: float

    def paint(self, photo: Photo, fit: Fit) -> None:
        outlines = tuple(fit(o) for o in self.outlines)
        lit_part(photo, outlines, self.material, self.colour, max(self.puff * fit.scale, 0.8))
        rim = tint(self.colour, -0.55 if brightness(self.colour) > 0.22 else -0.75)
        for outline in outlines:
            _paint_line(photo, np.vstack([outline, outline[:1]]), rim, self.edge, 0.85)


@dataclass(frozen=True)
class _Stroke:
    curve: Line
    colour: str
    width: float
    opacity: float
    dashed: bool

    def paint(self, photo: Photo, fit: Fit) -> None:
        curve = fit(self.curve)
        width = max(self.width * fit.scale, 1.0)
        pieces = dash(float(lengths(curve)[-1]), 6.0, 3.6) if self.dashed else [(0.0, 1.0)]
        for start, stop in pieces:
            _paint_line(photo, sub(curve, start, stop), self.colour, width, self.opacity)


@dataclass(frozen=True)
class _Fill:
    outline: Line
    colour: str
    opacity: float

    def paint(self, photo: Photo, fit: Fit) -> None:
        if covered := coverage((fit(self.outline),), 1):
            lay(photo, covered[0], covered[1] * self.opacity, channels(self.colour))


@dataclass(frozen=True)
class _Shadow:
    outline: Line
    blur: float  # pixels
    strength: float

    def paint(self, photo: Photo, fit: Fit) -> None:
        shadow(photo, fit(self.outline), self.blur, self.strength)


class Drawing:
    """Parts of a product in drawing order."""

    def __init__(self) -> None:
        self._items: list[_Part | _Stroke | _Fill] = []
        self._shadows: list[_Shadow] = []

    def part(
        self,
        outline: Line,
        material: Material,
        puff: float = 9.0,
        shade: float = 0.0,
        edge: float = 1.3,
        holes: tuple[Line, ...] = (),
    ) -> None:
        """Add a closed piece that bulges towards the viewer over about `puff` units along its rim.

        `shade` in -1..1 darkens or lightens it; `edge` is its dark rim in pixels; `holes` are cut out.
        """
        colour = tint(material.hex, shade) if shade else material.hex
        self._items.append(_Part((outline, *holes), material, colour, puff, edge))

    def stroke(self, curve: Line, colour: str, width: float, opacity: float = 1.0, *, dashed: bool = False) -> None:
        """Add a plain line along a curve."""
        self._items.append(_Stroke(curve, colour, width, opacity, dashed))

    def seam(self, curve: Line, material: Material, width: float = 1.8) -> None:
        """Add a line where two pieces of one material meet: a dark groove with a lit lip below it."""
        self.stroke(shifted(curve, 0, -width), tint(material.hex, 0.35), width * 0.8, 0.5)
        self.stroke(curve, tint(material.hex, -0.6), width)

    def stitch(self, curve: Line, material: Material) -> None:
        """Add a row of stitches in a thread that stands out from the material."""
        dark = brightness(material.hex) < 0.5
        self.stroke(curve, tint(material.hex, 0.5 if dark else -0.4), 1.5, 0.8, dashed=True)

    def fill(self, outline: Line, colour: str, opacity: float = 1.0) -> None:
        """Add a flat patch without any light on it."""
        self._items.append(_Fill(outline, colour, opacity))

    def shadow(self, x0: float, x1: float, y: float = 0.0, strength: float = 0.4) -> None:
        """Add the soft shadow of a product that stands on the ground from x0 to x1."""
        middle, half = (x0 + x1) / 2, (x1 - x0) / 2
        self._shadows.append(_Shadow(ellipse(middle, y - 4, half + 16, 13), 11, strength * 0.6))
        self._shadows.append(_Shadow(ellipse(middle, y - 1, half, 4), 3, strength))

    def photo(self) -> Image.Image:
        """Paint the drawing as an RGB picture of SIDE x SIDE pixels on white."""
        everything = np.vstack([_find_extent(item) for item in self._items])
        low, high = everything.min(axis=0), everything.max(axis=0)
        scale = (SIDE - 2 * MARGIN) / float((high - low).max())
        middle = (low + high) / 2
        fit = Fit(scale, middle[0] - SIDE / 2 / scale, middle[1] + SIDE / 2 / scale)
        photo = np.full((SIDE, SIDE, 3), 255, dtype=np.float32)
        for item in [*self._shadows, *self._items]:
            item.paint(photo, fit)
        return Image.fromarray(np.round(photo).astype(np.uint8))


def _find_extent(item: _Part | _Stroke | _Fill) -> Line:
    if isinstance(item, _Part):
        return item.outlines[0]
    return item.curve if isinstance(item, _Stroke) else item.outline


def _paint_line(photo: Photo, curve: Line, colour: str, width: float, opacity: float) -> None:
    """Paint a line of `width` pixels as one polyline. A line thinner than a pixel is fainter instead."""
    if covered := coverage((band(curve, max(width, 1.0)),), 1):
        lay(photo, covered[0], covered[1] * opacity * min(width, 1.0), channels(colour))

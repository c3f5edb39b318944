"""Lighting and blending of single parts onto a photo: float32 RGB (SIDE,SIDE,3) in 0..255, changed in place."""

from __future__ import annotations

import math
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from index_builder.demo.art.painting.geometry import Line
from index_builder.demo.art.painting.materials import Material, brightness, channels
from index_builder.demo.art.painting.textures import SIDE, Plane, texture

Photo: TypeAlias = npt.NDArray[np.float32]
Direction: TypeAlias = tuple[float, float, float]
Window: TypeAlias = tuple[slice, slice]
SUBPIXEL = 4  # fractional bits of the coordinates given to OpenCV
FLAT = 0.94  # brightness of a surface facing the viewer; below 1, so that lit rims can be lighter
# Unit vectors, x right, y down, z to the viewer: light from the upper left, as over a product table.
LIGHT: Direction = (-0.30, -0.46, 0.835)
HALFWAY: Direction = (-0.19, -0.30, 0.935)


def coverage(outlines: tuple[Line, ...], pad: float) -> tuple[Window, Plane] | None:
    """Return the antialiased coverage (0..1) of closed outlines in pixels (even-odd), with a margin `pad`."""
    points = np.vstack(outlines)
    x0, y0 = np.maximum(np.floor(points.min(axis=0) - pad), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(points.max(axis=0) + pad) + 1, SIDE).astype(int)
    if x1 <= x0 or y1 <= y0:
        return None
    mask = np.zeros((y1 - y0, x1 - x0), dtype=np.uint8)
    fixed = [np.round((o - (x0, y0)) * 2**SUBPIXEL).astype(np.int32) for o in outlines]
    cv2.fillPoly(mask, fixed, 255, cv2.LINE_AA, SUBPIXEL)
    return (slice(y0, y1), slice(x0, x1)), np.asarray(mask / 255, dtype=np.float32)


def lay(photo: Photo, window: Window, mask: Plane, colour: Photo | tuple[int, int, int]) -> None:
    """Blend a colour, a single one or one per pixel, over the photo."""
    under = photo[window]
    under += mask[..., None] * (np.asarray(colour, dtype=np.float32) - under)


def lit_part(photo: Photo, outlines: tuple[Line, ...], material: Material, colour: str, puff: float) -> None:
    """Paint a part that bulges over `puff` pixels from its rim. A broad bulge and a narrow rim are lit."""
    covered = coverage(outlines, min(2.2 * puff + 2, 60))
    if covered is None:
        return
    window, mask = covered
    broad = _compute_slopes(mask, puff, 2.1 * puff)
    light = _compute_diffuse(broad) * _compute_diffuse(
        _compute_slopes(mask, max(puff * 0.2, 0.8), max(puff * 0.3, 0.9))
    )
    if material.texture:
        light *= texture(material.texture)[window]
    lit = light[..., None] * np.asarray(channels(colour), dtype=np.float32)
    if material.gloss:
        strength = material.gloss * (150 if brightness(colour) < 0.3 else 110)
        lit += strength * np.power(_compute_cosine(broad, HALFWAY), 10 + 26 * material.gloss)[..., None]
    lay(photo, window, mask, np.clip(lit, 0, 255, out=lit))


def shadow(photo: Photo, outline: Line, blur: float, strength: float) -> None:
    """Darken the ground under a blurred outline."""
    covered = coverage((outline,), 3 * blur)
    if covered is not None:
        window, mask = covered
        photo[window] *= 1 - strength * cv2.GaussianBlur(mask, (0, 0), blur)[..., None]


def _compute_slopes(mask: Plane, sigma: float, scale: float) -> tuple[Plane, Plane]:
    """Return the negative slopes (along x, along y) of the height field scale * blur(mask)."""
    step = 2 if sigma > 6 and min(mask.shape) > 16 else 1  # a broad blur has no detail to lose
    small = cv2.resize(mask, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA) if step > 1 else mask
    height = cv2.GaussianBlur(small, (0, 0), sigma / step, borderType=cv2.BORDER_CONSTANT)
    slopes = [cv2.Sobel(height, cv2.CV_32F, d, 1 - d, ksize=3, scale=-scale / (8 * step)) for d in (1, 0)]
    if step > 1:
        slopes = [cv2.resize(s, mask.shape[::-1], interpolation=cv2.INTER_LINEAR) for s in slopes]
    return np.asarray(slopes[0], np.float32), np.asarray(slopes[1], np.float32)


def _compute_cosine(slopes: tuple[Plane, Plane], towards: Direction) -> Plane:
    """Return the cosine, at least 0, between a surface's normals and a direction."""
    x, y = slopes
    along = towards[0] * x + towards[1] * y + towards[2]
    return np.asarray(np.maximum(along, 0) / np.sqrt(x * x + y * y + 1), dtype=np.float32)


def _compute_diffuse(slopes: tuple[Plane, Plane]) -> Plane:
    """Return the brightness of a surface with these slopes. Shadows are lifted, as under diffuse light."""
    return np.asarray(FLAT * (0.28 + 0.72 / LIGHT[2] * _compute_cosine(slopes, LIGHT)), dtype=np.float32)


def dash(total: float, on: float, off: float) -> list[tuple[float, float]]:
    """Return the fractions (start, stop) of a line `total` long that a dashed line draws."""
    count = max(1, math.floor((total + off) / (on + off)))
    return [(k * (on + off) / total, min(1.0, (k * (on + off) + on) / total)) for k in range(count)]

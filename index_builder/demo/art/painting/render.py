"""Renderer of furniture: perspective, painter's order on small quads, light, crevice and ground shadows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from index_builder.demo.art.painting.materials import brightness, channels
from index_builder.demo.art.painting.mesh import Model, Quads
from index_builder.demo.art.painting.paint import SUBPIXEL, Photo, Window
from index_builder.demo.art.painting.textures import MARGIN, SIDE, Plane, texture

SCALE = 2  # supersampling
EMPTY = -9.0
DISTANCE = 4.2  # metres from the camera to the middle of the furniture
KEY = np.array([-0.42, 0.72, 0.55]) / np.linalg.norm([-0.42, 0.72, 0.55])  # towards the main light, camera axes
Rows = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Furniture:
    """Model seen from `yaw` degrees beside its front and `pitch` degrees above the horizon."""

    model: Model
    yaw: float = 34.0
    pitch: float = 15.0

    def photo(self) -> Image.Image:
        """Render an RGB picture of SIDE x SIDE pixels on white."""
        world = np.concatenate([s.quads for s in self.model.surfaces])
        view = self._camera(world)
        flat, fallen = _project(view), _project(self._camera(world * (1, 0, 1)))
        scale, shift = _fit_to_photo(np.concatenate([flat, fallen]))
        pixels = flat * scale + shift
        ground = _compute_shadow(fallen * scale + shift, world[..., 1].mean(axis=1))
        canvas = _rasterise(pixels, _compute_light(self.model, view), view[..., 2].mean(axis=1))
        photo = np.repeat(255 * (1 - 0.85 * ground[..., None]), 3, axis=2)
        window, fine = _find_windows(pixels)
        _blend(photo[window], _shade(self.model, canvas[fine], fine), canvas[fine][..., 3])
        return Image.fromarray(np.clip(np.round(photo), 0, 255).astype(np.uint8))

    def _camera(self, points: Quads) -> Quads:
        """Convert world to camera axes: x right, y up, z towards the viewer, origin 0.4 m above the ground."""
        a, b = np.radians(self.yaw), np.radians(self.pitch)
        turn = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
        nod = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
        return np.asarray((points - (0, 0.4, 0)) @ (nod @ turn).T, dtype=np.float64)


def _project(view: Quads) -> Quads:
    """Project camera points (...,3) in perspective to (...,2), y down, before scaling to pixels."""
    near = DISTANCE / (DISTANCE - view[..., 2:])
    return np.asarray(view[..., :2] * near * (1, -1), dtype=np.float64)


def _fit_to_photo(flat: Quads) -> tuple[float, Rows]:
    """Return the (scale, shift) that fit the furniture and its shadow into the photo."""
    low, high = flat.reshape(-1, 2).min(axis=0), flat.reshape(-1, 2).max(axis=0)
    scale = (SIDE - 2 * MARGIN) / float((high - low).max())
    return scale, SIDE / 2 - scale * (low + high) / 2


def _compute_shadow(fallen: Quads, height: Rows) -> Plane:
    """Return the darkness (0..1) of the white ground below quads projected onto it from their heights."""
    dark = np.zeros((SIDE, SIDE), np.float32)
    for limit, blur, strength in ((9.9, 20.0, 0.15), (0.16, 6.0, 0.25), (0.03, 2.0, 0.32)):
        mask = np.zeros((SIDE, SIDE), np.uint8)
        for quad in _round_to_fixed_point(fallen[height < limit]):
            cv2.fillConvexPoly(mask, quad, 255, cv2.LINE_8, SUBPIXEL)
        soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), blur)
        dark = np.asarray(1 - (1 - dark) * (1 - strength * soft), np.float32)
    return dark


def _compute_light(model: Model, view: Quads) -> Rows:
    """Return (brightness, highlight, number of its surface) of every quad, (Q,3)."""
    normal = np.cross(view[:, 2] - view[:, 0], view[:, 3] - view[:, 1])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
    towards = np.array([0, 0, DISTANCE]) - view.mean(axis=1)
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    normal *= np.sign((normal * towards).sum(axis=1, keepdims=True))  # every face is seen from outside
    half = KEY + towards
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    diffuse = 0.54 + 0.20 * normal[:, 1] + 0.60 * np.clip(normal @ KEY, 0, None) + 0.08 * np.abs(normal[:, 0])
    facing = np.clip((normal * half).sum(axis=1), 0, None)
    surface = np.repeat(np.arange(len(model.surfaces)), [len(s.quads) for s in model.surfaces])
    gloss = np.array([s.material.gloss for s in model.surfaces])[surface]
    dark = np.array([brightness(s.material.hex) < 0.3 for s in model.surfaces])[surface]
    highlight = gloss * np.where(dark, 130, 90) * facing ** (8 + 40 * gloss)
    return np.stack([np.clip(diffuse, 0.1, 1.12), highlight, surface.astype(np.float64)], axis=1)


def _shade(model: Model, canvas: Photo, fine: Window) -> Photo:
    """Return RGB (h,w,3) from the rasterised light, the materials' colours and their surface patterns."""
    base = np.array([channels(s.material.hex) for s in model.surfaces], dtype=np.float32)
    number = canvas[..., 2].astype(np.intp)
    light = canvas[..., 0]
    for name in sorted({s.material.texture for s in model.surfaces} - {""}):
        own = np.array([s.material.texture == name for s in model.surfaces])[number]
        np.multiply(light, _enlarge_texture(name)[fine], out=light, where=own)
    rgb = base[number]
    rgb *= light[..., None]
    rgb += canvas[..., 1:2]
    return np.asarray(np.clip(rgb, 0, 255, out=rgb), dtype=np.float32)


@cache
def _enlarge_texture(name: str) -> Plane:
    """Return a texture at the supersampled size."""
    return np.asarray(cv2.resize(texture(name), None, fx=SCALE, fy=SCALE), dtype=np.float32)


def _round_to_fixed_point(pixels: Quads) -> npt.NDArray[np.int32]:
    return np.asarray(np.round(pixels * 2**SUBPIXEL), dtype=np.int32)


def _rasterise(pixels: Quads, light: Rows, near: Rows) -> Photo:
    """Return (brightness, highlight, surface, nearness) per pixel, (side,side,4). Nearness is EMPTY at the ground."""
    side = SIDE * SCALE
    canvas = np.full((side, side, 4), (0, 0, 0, EMPTY), dtype=np.float32)
    order = np.argsort(near, kind="stable")
    values = np.concatenate([light, near[:, None]], axis=1)[order].tolist()
    for quad, value in zip(_round_to_fixed_point(pixels[order] * SCALE), values, strict=True):
        cv2.fillConvexPoly(canvas, quad, value, cv2.LINE_8, SUBPIXEL)
    return canvas


def _find_windows(pixels: Quads) -> tuple[Window, Window]:
    """Return the window of the photo that the furniture covers, and the same window of the supersampled canvas."""
    low = np.clip(pixels.reshape(-1, 2).min(axis=0) - 4, 0, SIDE).astype(int) // 4 * 4
    high = np.clip(pixels.reshape(-1, 2).max(axis=0) + 8, 0, SIDE).astype(int) // 4 * 4
    photo, fine = ((slice(low[1] * s, high[1] * s), slice(low[0] * s, high[0] * s)) for s in (1, SCALE))
    return photo, fine


def _blend(photo: Photo, rgb: Photo, near: Plane) -> None:
    """Blend the furniture, downsampled, over its window of the photo, with crevices and depth steps darkened."""
    solid = (near > EMPTY).astype(np.float32)
    near = np.where(solid > 0, near, -0.9).astype(np.float32)
    small = cv2.resize(near, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    dark = np.zeros_like(near)
    for blur, strength in ((6.5, 1.4), (1.75, 1.6)):
        around = cv2.GaussianBlur(small, (0, 0), blur)
        wide = cv2.resize(around, near.shape[::-1], interpolation=cv2.INTER_LINEAR)
        dark += np.clip((wide - near) * strength, 0, 0.32)
    step = np.clip(np.abs(cv2.Laplacian(near, cv2.CV_32F, ksize=3)) - 0.16, 0, 0.3)
    dark += np.clip(cv2.GaussianBlur(step, (0, 0), 1.0) * 2.6, 0, 0.5)
    rgb *= ((1 - np.clip(dark, 0, 0.75)) * solid)[..., None]
    size = photo.shape[1::-1]
    cover = cv2.resize(solid, size, interpolation=cv2.INTER_AREA)
    photo *= (1 - cover)[..., None]
    photo += cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)

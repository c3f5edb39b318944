"""Photographs of paper sketches, made by code: the light, the paper, the pen and the camera that people have.

A photograph is computed as light does it: the sheet reflects what paper, printed lines and ink leave of the light that
falls on it, a pinhole camera looks at it, and its lens, sensor and file format take their share.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

PICTURE = (1200, 1600)  # px: width and height, a phone held upright
_SHEET = (1200, 1697)  # px: an A4 sheet, 210 mm wide
_MM = _SHEET[0] / 210  # px
_GAMMA = 2.2

Plane = NDArray[np.float32]  # (H,W), or (H,W,3) red, green, blue


@dataclass(frozen=True)
class Way:
    """A way to photograph a sketch; by default from above, in even light, on white paper, with a good camera."""

    darkest: float = 1.0  # share of the light that the darkest corner gets
    shadow: float = 1.0  # share of the light that is left in a cast shadow
    blur: float = 0.5  # px: sigma of the lens
    noise: float = 1.0  # of 255: standard deviation at mid grey
    quality: int = 92  # of the JPEG
    table: bool = False  # lies askew on a wooden table and is seen at an angle
    printed: Literal["plain", "ruled", "squared"] = "plain"
    pencil: bool = False  # thin, grey and grainy, not a black pen


WAYS = {
    "uneven light": Way(darkest=0.25),
    "cast shadow": Way(shadow=0.4),
    "blur": Way(blur=3.5),
    "noise and JPEG": Way(noise=9, quality=40),
    "perspective on a table": Way(table=True),
    "ruled paper": Way(printed="ruled"),
    "squared paper": Way(printed="squared"),
    "pencil": Way(pencil=True),
    "all together": Way(0.45, 0.55, 1.5, 5, 60, True, "ruled", True),
}


def photographed(sketch: Image.Image, way: Way, seed: int) -> bytes:
    """A photograph (JPEG, 1200x1600) of a dark on white sketch, redrawn on an A4 sheet; all that varies, by `seed`."""
    random = np.random.default_rng(seed)
    sheet = _paper(way.printed, random) * (1 - _ink(sketch, way.pencil, random))[..., None]
    scene = _seen(sheet, way.table, random) * _light(way, random)[..., None]
    return _camera(scene, way, random)


def _ink(sketch: Image.Image, pencil: bool, random: np.random.Generator) -> Plane:
    """The share of light (sheet's height, width) that strokes keep: the sketch, two thirds of the sheet wide."""
    side = 2 * _SHEET[0] // 3
    grey = np.asarray(sketch.convert("L"), np.float32) / 255
    scale = side / max(grey.shape)
    drawn = cv2.resize(1 - grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    drawn = cv2.GaussianBlur(drawn, (0, 0), 0.4 * scale)
    solid = drawn > 0.35 * drawn.max()
    middle = cv2.ximgproc.thinning(np.where(solid, 255, 0).astype(np.uint8))
    width = (0.5 if pencil else 0.9) * _MM
    drawn = np.clip(width / 2 + 0.5 - cv2.distanceTransform(255 - middle, cv2.DIST_L2, 5), 0, 1)
    drawn *= 0.55 * np.clip(1 + 0.4 * _grain(drawn.shape, 1.2, random), 0.3, 1.5) if pencil else 0.93
    ink = np.zeros(_SHEET[::-1], np.float32)
    top, left = (int(random.uniform(0.15, 0.85) * (a - b)) for a, b in zip(ink.shape, drawn.shape, strict=True))
    ink[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
    return ink


def _paper(printed: str, random: np.random.Generator) -> Plane:
    """What blank paper reflects (sheet's height, width, 3): white, with fibres, and the lines printed on it."""
    width, height = _SHEET
    paper = np.array([0.86, 0.85, 0.80], np.float32) * (1 + 0.01 * _grain((height, width), 2, random))[..., None]
    step = {"plain": 0.0, "ruled": 8 * _MM, "squared": 5 * _MM}[printed]
    colour = np.array([0.45, 0.60, 0.78], np.float32)
    for y in np.arange(2 * step, height, step) if step else ():
        paper[int(y) : int(y) + 2] *= colour
    for x in np.arange(step / 2, width, step) if printed == "squared" else ():
        paper[:, int(x) : int(x) + 2] *= colour
    if printed == "ruled":
        paper[:, int(25 * _MM) : int(25 * _MM) + 2] *= np.array([0.85, 0.5, 0.5], np.float32)
    return paper


def _seen(sheet: Plane, table: bool, random: np.random.Generator) -> Plane:
    """The sheet as a camera sees it (picture's height, width, 3): nearly from above, or on a table, at an angle."""
    width, height = PICTURE
    tilt, turn = (25, 12) if table else (3, 2)
    angles = np.radians(random.uniform(-1, 1, 3) * (tilt, tilt, turn))
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float64) * (0.5, 0.5 * _SHEET[1] / _SHEET[0])
    rotation = cv2.Rodrigues(np.array([0, 0, angles[2]]))[0] @ cv2.Rodrigues(np.array([angles[0], angles[1], 0]))[0]
    turned = np.concatenate([corners, np.zeros((4, 1))], 1) @ rotation.T
    seen = turned[:, :2] / (turned[:, 2:] + 1.6)  # from 1.6 sheet widths away
    # on a table all of the sheet is in the picture, else it reaches over every side
    fit = np.abs(seen) / np.array([1, height / width])
    scale = 0.46 / fit.max() if table else 0.6 / fit.min()
    target = seen * scale * width + np.array([width / 2, height / 2])
    source = np.array([(0, 0), (_SHEET[0], 0), _SHEET, (0, _SHEET[1])], np.float32)
    view = cv2.getPerspectiveTransform(source, target.astype(np.float32))
    scene = _wood(random) if table else np.zeros((height, width, 3), np.float32)
    flags, border = cv2.INTER_AREA, cv2.BORDER_TRANSPARENT if table else cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpPerspective(sheet, view, PICTURE, scene, flags, border), np.float32)


def _wood(random: np.random.Generator) -> Plane:
    """A table of brown wood (picture's height, width, 3)."""
    width, height = PICTURE
    streaks = cv2.resize(random.standard_normal((height // 4, 6), np.float32), PICTURE)
    fine = cv2.GaussianBlur(random.standard_normal((height, width), np.float32), (0, 0), 12, sigmaY=0.8)
    tone = 1 + 0.12 * streaks + 0.9 * fine
    return np.asarray(np.array([0.30, 0.17, 0.08], np.float32) * np.clip(tone, 0.3, 2)[..., None], np.float32)


def _light(way: Way, random: np.random.Generator) -> Plane:
    """The share of the full light (picture's height, width) that falls on each place."""
    width, height = PICTURE
    y, x = np.mgrid[-1 : 1 : height // 4 * 1j, -1 : 1 : width // 4 * 1j]
    angle = random.uniform(0, 2 * np.pi)
    along = x * np.cos(angle) + y * np.sin(angle)
    along = (along - along.min()) / np.ptp(along)
    light = 1 - (1 - way.darkest) * along**1.3
    # a head, a hand or a phone: a round edge through the middle of the picture
    angle, reach = random.uniform(0, 2 * np.pi), random.uniform(-0.3, 0.3)
    distance = np.hypot(x - 1.5 * np.cos(angle), y - 1.5 * np.sin(angle)) - 1.4 + reach
    light *= 1 - (1 - way.shadow) / (1 + np.exp(distance / 0.02))
    return np.asarray(cv2.resize(light.astype(np.float32), PICTURE), np.float32)


def _camera(scene: Plane, way: Way, random: np.random.Generator) -> bytes:
    """What lens, sensor and JPEG make of a scene."""
    sharp = np.clip(scene * np.array([1.08, 1.0, 0.88], np.float32), 0, 1)  # a warm lamp
    values = 255 * cv2.GaussianBlur(sharp, (0, 0), way.blur) ** (1 / _GAMMA)
    values += random.standard_normal(values.shape, np.float32) * way.noise * np.sqrt(0.5 + values / 255)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(values + 0.5, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=way.quality)
    return buffer.getvalue()


def _grain(shape: tuple[int, ...], sigma: float, random: np.random.Generator) -> Plane:
    """Smooth noise of unit standard deviation."""
    noise = cv2.GaussianBlur(random.standard_normal(shape, np.float32), (0, 0), sigma)
    return np.asarray(noise / noise.std(), np.float32)

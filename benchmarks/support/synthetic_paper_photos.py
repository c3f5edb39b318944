"""Rendered photographs of paper sketches, with the light, paper, pens and cameras of ordinary users.

A photograph is computed in the order of light: the sheet reflects the light that paper, printed lines and ink leave.
A pinhole camera projects it. Lens, sensor and file format then degrade the image.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.preprocessing.line_drawing import thin

PICTURE = (1200, 1600)  # px: width and height, a phone held upright
_SHEET = (1200, 1697)  # px: an A4 sheet, 210 mm wide
_MM = _SHEET[0] / 210  # px
_GAMMA = 2.2

Plane = NDArray[np.float32]  # (H,W), or (H,W,3) red, green, blue


@dataclass(frozen=True)
class Way:
    """Way to photograph a sketch; by default from above, in even light, on white paper, with a good camera."""

    darkest: float = 1.0  # share of the light in the darkest corner
    shadow: float = 1.0  # share of the light in a cast shadow
    blur: float = 0.5  # px: sigma of the lens
    noise: float = 1.0  # of 255: standard deviation at mid grey
    quality: int = 92  # of the JPEG
    table: bool = False  # the sheet lies askew on a wooden table, seen at an angle
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
    "all together": Way(0.45, 0.55, 1.5, 5, 60, table=True, printed="ruled", pencil=True),
}


def photographed(sketch: Image.Image, way: Way, seed: int) -> bytes:
    """Render a photograph (JPEG, 1200x1600) of a dark on white sketch, redrawn on an A4 sheet, varied by `seed`."""
    random = np.random.default_rng(seed)
    sheet = _draw_paper(way.printed, random) * (1 - _draw_ink(sketch, random, is_pencil=way.pencil))[..., None]
    scene = _project_sheet(sheet, random, on_table=way.table) * _draw_light(way, random)[..., None]
    return _take_photo(scene, way, random)


def _draw_ink(sketch: Image.Image, random: np.random.Generator, *, is_pencil: bool) -> Plane:
    """Draw the share of light (sheet's height, width) that strokes absorb; the sketch takes two thirds of the width."""
    side = 2 * _SHEET[0] // 3
    grey = np.asarray(sketch.convert("L"), np.float32) / 255
    scale = side / max(grey.shape)
    drawn = cv2.resize(1 - grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    drawn = cv2.GaussianBlur(drawn, (0, 0), 0.4 * scale)
    solid = drawn > 0.35 * drawn.max()
    middle = thin(np.where(solid, 255, 0).astype(np.uint8))
    width = (0.5 if is_pencil else 0.9) * _MM
    drawn = np.clip(width / 2 + 0.5 - cv2.distanceTransform(255 - middle, cv2.DIST_L2, 5), 0, 1)
    drawn *= 0.55 * np.clip(1 + 0.4 * _draw_grain(drawn.shape, 1.2, random), 0.3, 1.5) if is_pencil else 0.93
    ink = np.zeros(_SHEET[::-1], np.float32)
    top, left = (int(random.uniform(0.15, 0.85) * (a - b)) for a, b in zip(ink.shape, drawn.shape, strict=True))
    ink[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
    return ink


def _draw_paper(printed: str, random: np.random.Generator) -> Plane:
    """Draw the reflectance of blank paper (sheet's height, width, 3): white, with fibres and printed lines."""
    width, height = _SHEET
    paper = np.array([0.86, 0.85, 0.80], np.float32) * (1 + 0.01 * _draw_grain((height, width), 2, random))[..., None]
    step = {"plain": 0.0, "ruled": 8 * _MM, "squared": 5 * _MM}[printed]
    colour = np.array([0.45, 0.60, 0.78], np.float32)
    for y in np.arange(2 * step, height, step) if step else ():
        paper[int(y) : int(y) + 2] *= colour
    for x in np.arange(step / 2, width, step) if printed == "squared" else ():
        paper[:, int(x) : int(x) + 2] *= colour
    if printed == "ruled":
        paper[:, int(25 * _MM) : int(25 * _MM) + 2] *= np.array([0.85, 0.5, 0.5], np.float32)
    return paper


def _project_sheet(sheet: Plane, random: np.random.Generator, *, on_table: bool) -> Plane:
    """Project the sheet to the camera (picture's height, width, 3): nearly from above, or on a table at an angle."""
    width, height = PICTURE
    tilt, turn = (25, 12) if on_table else (3, 2)
    angles = np.radians(random.uniform(-1, 1, 3) * (tilt, tilt, turn))
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float64) * (0.5, 0.5 * _SHEET[1] / _SHEET[0])
    rotation = cv2.Rodrigues(np.array([0, 0, angles[2]]))[0] @ cv2.Rodrigues(np.array([angles[0], angles[1], 0]))[0]
    turned = np.concatenate([corners, np.zeros((4, 1))], 1) @ rotation.T
    seen = turned[:, :2] / (turned[:, 2:] + 1.6)  # from 1.6 sheet widths away
    # on a table the picture shows the whole sheet, else the sheet extends beyond every side
    fit = np.abs(seen) / np.array([1, height / width])
    scale = 0.46 / fit.max() if on_table else 0.6 / fit.min()
    target = seen * scale * width + np.array([width / 2, height / 2])
    source = np.array([(0, 0), (_SHEET[0], 0), _SHEET, (0, _SHEET[1])], np.float32)
    view = cv2.getPerspectiveTransform(source, target.astype(np.float32))
    scene = _draw_table(random) if on_table else np.zeros((height, width, 3), np.float32)
    flags, border = cv2.INTER_AREA, cv2.BORDER_TRANSPARENT if on_table else cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpPerspective(sheet, view, PICTURE, scene, flags, border), np.float32)


def _draw_table(random: np.random.Generator) -> Plane:
    """Draw a table of brown wood (picture's height, width, 3)."""
    width, height = PICTURE
    streaks = cv2.resize(random.standard_normal((height // 4, 6), np.float32), PICTURE)
    fine = cv2.GaussianBlur(random.standard_normal((height, width), np.float32), (0, 0), 12, sigmaY=0.8)
    tone = 1 + 0.12 * streaks + 0.9 * fine
    return np.asarray(np.array([0.30, 0.17, 0.08], np.float32) * np.clip(tone, 0.3, 2)[..., None], np.float32)


def _draw_light(way: Way, random: np.random.Generator) -> Plane:
    """Draw the share of the full light (picture's height, width) at each place."""
    width, height = PICTURE
    y, x = np.mgrid[-1 : 1 : height // 4 * 1j, -1 : 1 : width // 4 * 1j]
    angle = random.uniform(0, 2 * np.pi)
    along = x * np.cos(angle) + y * np.sin(angle)
    along = (along - along.min()) / np.ptp(along)
    light = 1 - (1 - way.darkest) * along**1.3
    # the shadow of a head, a hand or a phone has a round edge through the middle of the picture
    angle, reach = random.uniform(0, 2 * np.pi), random.uniform(-0.3, 0.3)
    distance = np.hypot(x - 1.5 * np.cos(angle), y - 1.5 * np.sin(angle)) - 1.4 + reach
    light *= 1 - (1 - way.shadow) / (1 + np.exp(distance / 0.02))
    return np.asarray(cv2.resize(light.astype(np.float32), PICTURE), np.float32)


def _take_photo(scene: Plane, way: Way, random: np.random.Generator) -> bytes:
    """Apply the effects of lens, sensor and JPEG to a scene."""
    sharp = np.clip(scene * np.array([1.08, 1.0, 0.88], np.float32), 0, 1)  # a warm lamp
    values = 255 * cv2.GaussianBlur(sharp, (0, 0), way.blur) ** (1 / _GAMMA)
    values += random.standard_normal(values.shape, np.float32) * way.noise * np.sqrt(0.5 + values / 255)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(values + 0.5, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=way.quality)
    return buffer.getvalue()


def _draw_grain(shape: tuple[int, ...], sigma: float, random: np.random.Generator) -> Plane:
    """Draw smooth noise of unit standard deviation."""
    noise = cv2.GaussianBlur(random.standard_normal(shape, np.float32), (0, 0), sigma)
    return np.asarray(noise / noise.std(), np.float32)

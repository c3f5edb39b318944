"""Surface patterns as brightness fields: float32 (SIDE,SIDE) tiles around 1 that multiply a lit part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

SIDE = 640  # pixels of the finished photo, which is square
MARGIN = 46  # pixels of white around the product
Plane: TypeAlias = npt.NDArray[np.float32]


def _noise(seed: int, sigma_x: float, sigma_y: float, swing: float) -> Plane:
    """Return smoothed white noise of unit deviation times `swing`, around 1."""
    white = np.random.default_rng(seed).standard_normal((SIDE, SIDE)).astype(np.float32)
    smooth = cv2.GaussianBlur(white, (0, 0), sigmaX=sigma_x, sigmaY=sigma_y, borderType=cv2.BORDER_REFLECT)
    return np.asarray(1 + swing * smooth / smooth.std(), dtype=np.float32)


def _stripes(period: float, dx: float, dy: float) -> Plane:
    """Return a sine wave in -1..1 with `period` pixels along the direction (dx,dy)."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    return np.asarray(np.sin((x * dx + y * dy) * (2 * np.pi / period)), dtype=np.float32)


def _grain() -> Plane:
    return _noise(1, 1.1, 1.1, 0.018) * _noise(2, 14, 14, 0.02)


def _suede() -> Plane:
    return _noise(3, 0.8, 0.8, 0.03) * _noise(4, 11, 9, 0.03) * _noise(5, 2.5, 2.5, 0.025)


def _wool() -> Plane:
    return _noise(6, 2.2, 2.6, 0.11) * _noise(7, 5, 5, 0.07)


def _weave() -> Plane:
    return np.asarray(1 + 0.05 * _stripes(4.4, 1, 0) * _stripes(4.4, 0, 1), np.float32) * _noise(8, 0.7, 0.7, 0.02)


def _mesh() -> Plane:
    holes = np.minimum(_stripes(9, 0.8, 0.6) * _stripes(9, -0.8, 0.6), 0.35)
    return np.asarray(1 + 0.22 * np.minimum(holes, 0.1), np.float32)


def _wood() -> Plane:
    return _noise(9, 60, 1.6, 0.05) * _noise(10, 90, 5, 0.04)


def _timber() -> Plane:
    return _noise(14, 1.6, 40, 0.04) * _noise(15, 12, 60, 0.04)


def _cloth() -> Plane:
    return _noise(16, 0.9, 0.9, 0.05) * _noise(17, 12, 12, 0.015)


def _rope() -> Plane:
    twist = np.abs(_stripes(13, 0.8, 0.6)) ** 0.5
    return np.asarray(0.72 + 0.34 * twist, np.float32) * _noise(11, 1.2, 0.8, 0.04)


def _speckle() -> Plane:
    spots = _noise(12, 1.3, 1.1, 1.0) - 1
    return np.asarray(1 - 0.3 * (spots > 1.5) + 0.06 * (spots < -1.4), np.float32) * _noise(13, 3, 3, 0.03)


def _knit() -> Plane:
    return np.asarray(1 + 0.10 * _stripes(7, 1, 0) + 0.06 * _stripes(5, 0.4, 0.9), np.float32)


TEXTURES: Mapping[str, Callable[[], Plane]] = MappingProxyType(
    {
        "grain": _grain,
        "suede": _suede,
        "wool": _wool,
        "weave": _weave,
        "mesh": _mesh,
        "wood": _wood,
        "rope": _rope,
        "speckle": _speckle,
        "knit": _knit,
        "timber": _timber,
        "cloth": _cloth,
    }
)


@cache
def texture(name: str) -> Plane:
    """Return the brightness field of a key of TEXTURES."""
    return TEXTURES[name]()

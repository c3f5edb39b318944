"""CIE Lab, in which distances of colours are about as people see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from model.preprocessing.images import Pixels

Lab: TypeAlias = NDArray[np.float32]
"""Colours (...,3): lightness 0 to 100, and two axes of hue around 0."""


def lab_of(pixels: Pixels) -> Lab:
    """Convert sRGB pixels (H,W,3) to Lab."""
    return np.asarray(cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def lab_of_hex(colours: Sequence[str]) -> Lab:
    """Convert colours written '#rrggbb' to Lab (N,3)."""
    pixels = np.array([list(bytes.fromhex(colour[1:])) for colour in colours], np.uint8)
    return lab_of(pixels.reshape(1, -1, 3))[0] if len(colours) else np.zeros((0, 3), np.float32)


def hex_of_lab(colours: Lab) -> list[str]:
    """Convert Lab (N,3) to the nearest colours '#rrggbb'."""
    rgb = cv2.cvtColor(np.asarray(colours, np.float32).reshape(1, -1, 3), cv2.COLOR_LAB2RGB)[0]
    return ["#" + bytes(pixel).hex() for pixel in np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)]

"""Measurement of the colours of a product on its photo."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from app.colours.clusters import cluster_colours
from app.colours.foreground import Mask, find_foreground, ground_colour
from app.colours.lab import Lab, hex_of_lab, lab_of
from app.colours.shares import ColorShare
from model.preprocessing.images import Pixels

_SIDE = 192  # px of the longer side: more adds detail, not colours
_LEAST = 0.03  # share of a colour that is kept
_LOW = 0.2  # weight of the lowest pixels, where soles, legs and shadows are
_FROM = 0.4  # height, as a share from the top, from which the weight falls from 1
_LIKE_GROUND = 0.35  # weight of pixels that may be shadow or reflection of the ground
_TINT, _DEPTH = 6.0, 45.0  # Lab distances of such pixels from the ground


def measure_colors(pixels: Pixels) -> tuple[ColorShare, ...]:
    """Measure the colours of the product on a photo (H,W,3) in sRGB, the largest share first. Shares add up to 1.

    Returns nothing for a photo of ground alone. Pure and deterministic.
    """
    lab = lab_of(_shrink(pixels))
    ground = ground_colour(lab)
    product = find_foreground(lab, ground)
    if not product.any():
        return ()
    clusters = cluster_colours(lab[product], _weigh(lab, product, ground)[product])
    large = [cluster for cluster in clusters if cluster.share >= _LEAST]
    total = sum(cluster.share for cluster in large)
    colors = hex_of_lab(np.stack([cluster.lab for cluster in large]))
    return tuple(
        ColorShare(color, round(cluster.share / total, 3)) for color, cluster in zip(colors, large, strict=True)
    )


def _shrink(pixels: Pixels) -> Pixels:
    """Return the photo, shrunk to _SIDE px."""
    scale = _SIDE / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    height, width = (max(8, round(side * scale)) for side in pixels.shape[:2])
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _weigh(lab: Lab, product: Mask, ground: Lab) -> NDArray[np.float32]:
    """Return how much each pixel (H,W) tells about the product's colour, on a ground of that colour."""
    rows = np.flatnonzero(product.any(axis=1))
    height = (np.arange(len(lab)) - rows[0]) / max(1, rows[-1] - rows[0])
    weights = np.interp(height, [_FROM, 1], [1, _LOW]).astype(np.float32)[:, None]
    depth, *tints = (channel - colour for channel, colour in zip(cv2.split(lab), ground, strict=True))
    is_like_ground = (tints[0] ** 2 + tints[1] ** 2 < _TINT**2) & (np.abs(depth) < _DEPTH)
    return np.asarray(np.where(is_like_ground, np.float32(_LIKE_GROUND) * weights, weights), np.float32)

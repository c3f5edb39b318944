"""Distance of a product's colours from those that a sketch is drawn in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.colours.lab import lab_of_hex
from app.colours.shares import ColorShare

WEIGHT = 0.3
"""Default weight of colours beside lines: of the demo's first results, three times as many have the drawn colour."""

UNKNOWN = 0.5
"""Distance of a product whose colours are not measured: it is neither preferred nor put behind."""

_REACH = 45.0  # Lab distance from which two colours have nothing in common
_LIGHT = 0.6  # weight of lightness in it: a dark and a light red are both red


def color_distance(drawn: Sequence[ColorShare], product: Sequence[ColorShare] | None) -> float:
    """Compute 0 (the same colours in the same shares) to 1 (no colour in common).

    Each drawn colour is covered by the parts of the product that are like it, up to its own share: drawing in one
    colour prefers products that have it all over, drawing in two those that have both.
    """
    if not product:
        return UNKNOWN
    shares = np.array([part.share for part in product])
    reach = _REACH * np.array([1 / _LIGHT, 1, 1])
    gaps = (_lab(drawn)[:, None] - _lab(product)[None]) / reach  # (Q,P,3)
    likeness = np.clip(1 - np.linalg.norm(gaps, axis=2), 0, None)
    covered = np.minimum(likeness @ shares, [part.share for part in drawn])
    return float(1 - covered.sum())


def _lab(colors: Sequence[ColorShare]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return lab_of_hex([part.color for part in colors])

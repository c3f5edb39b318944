"""Whether a picture is of a sketch, or is a product's photo."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from model.preprocessing.line_drawing import InkMask

Kind = Literal["sketch", "photo"]

_DEEP = 0.015  # of the longer side: no pen draws lines twice as wide as this
_SOLID = 0.01  # share of the ink that lies deeper than that


def kind_of(mask: InkMask) -> Kind:
    """What a picture is, by its ink (H,W) as sketch_mask gives it: things are solid, and sketches are lines."""
    inked = (np.asarray(mask) > 0.5).astype(np.uint8)
    depth = cv2.distanceTransform(inked, cv2.DIST_L2, 3)  # px from each place to the nearest that has no ink
    deep = np.count_nonzero(depth > _DEEP * max(inked.shape))
    return "photo" if deep > _SOLID * np.count_nonzero(inked) else "sketch"

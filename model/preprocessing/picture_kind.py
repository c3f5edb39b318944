"""Classification of a picture as a sketch or a product's photo."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from model.preprocessing.line_drawing import InkMask

Kind = Literal["sketch", "photo"]

_DEEP = 0.015  # of the longer side: half of the widest pen's line is less
_SOLID = 0.01  # share of the ink that is deeper than that


def kind_of(mask: InkMask) -> Kind:
    """Classify a picture by its ink (H,W) from sketch_mask(): objects are solid, sketches are lines."""
    inked = (np.asarray(mask) > 0.5).astype(np.uint8)
    depth = cv2.distanceTransform(inked, cv2.DIST_L2, 3)  # px from each place to the nearest one without ink
    deep = np.count_nonzero(depth > _DEEP * max(inked.shape))
    return "photo" if deep > _SOLID * np.count_nonzero(inked) else "sketch"

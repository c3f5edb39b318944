"""Classification of a picture as a sketch or a product's photo."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from PIL import Image

from model.preprocessing.line_drawing import InkMask
from model.preprocessing.paper.ink import sketch_mask_unless_crowded

Kind = Literal["sketch", "photo"]

_DEEP = 0.015  # of the longer side: half of the widest pen's line is less
_SOLID = 0.01  # share of the ink that is deeper than that


def find_sketch(image: Image.Image) -> InkMask | None:
    """Return the ink (H,W) of an upright picture of a sketch, or None for a photo of an object.

    Objects are solid, and sketches are lines. Raises BlankSketchError.
    """
    mask = sketch_mask_unless_crowded(image)
    return None if mask is None or _is_solid(mask) else mask


def _is_solid(mask: InkMask) -> bool:
    """Return whether much of the ink is far from any place without ink."""
    inked = (np.asarray(mask) > 0.5).astype(np.uint8)
    depth = cv2.distanceTransform(inked, cv2.DIST_L2, 3)  # px from each place to the nearest one without ink
    deep = np.count_nonzero(depth > _DEEP * max(inked.shape))
    return bool(deep > _SOLID * np.count_nonzero(inked))

"""A photo's parts in which edges are detected, smoothed once for all edge styles."""

from __future__ import annotations

import math

import cv2
import numpy as np

from model.preprocessing.frames import BOX, FRAME, box_of, resize_to
from model.preprocessing.images import Pixels
from model.preprocessing.regions import Box

MARGIN = 4  # px around smoothed pixels: their border must neither become an edge nor hide one
_REACH = 8  # px: more than the filter and a detector of edges see around a pixel


class SmoothedPhoto:
    """Photo (H,W,3), reduced and in parts, by a bilateral filter. A part is smoothed once, when it is first needed.

    `reduced` has what differs from a ground of one colour, where no edge can be: most of many a product's photo.
    """

    def __init__(self, rgb: Pixels) -> None:
        self._rgb = rgb
        small = resize_to(rgb, FRAME)
        self._across, self._down = rgb.shape[1] / small.shape[1], rgb.shape[0] / small.shape[0]
        self._shown = _find_shown(small)
        self.reduced = _smooth(_cut(small, self._shown))
        self._parts: dict[Box, Pixels] = {}

    def on_light_ground(self) -> SmoothedPhoto:
        """Return the photo with those channels inverted in which its rim is darker than the rest."""
        rgb = self._rgb
        rim = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
        is_dark = np.median(rim, axis=0) < cv2.mean(rgb)[:3]  # (3,)
        return SmoothedPhoto(np.where(is_dark, 255 - rgb, rgb)) if is_dark.any() else self

    def enlarge(self, box: Box) -> Box:
        """Return the part of the photo that a box of `reduced` shows, its margin not counted."""
        left, top = box.left + self._shown.left, box.top + self._shown.top
        right, bottom = math.ceil((left + box.width) * self._across), math.ceil((top + box.height) * self._down)
        left, top = int(left * self._across), int(top * self._down)
        height, width = self._rgb.shape[:2]
        return Box(left, top, min(right, width) - left, min(bottom, height) - top)

    def whole(self) -> Box:
        """Return all of the photo."""
        return Box(0, 0, self._rgb.shape[1], self._rgb.shape[0])

    def smooth_part(self, box: Box) -> Pixels:
        """Return a part of the photo, its longer side BOX px, smoothed, with a margin around it."""
        if box not in self._parts:
            self._parts[box] = _smooth(resize_to(_cut(self._rgb, box), BOX))
        return self._parts[box]


def _find_shown(rgb: Pixels) -> Box:
    """Return the box of what differs from the first pixel's colour, and of what is near it."""
    ground = rgb[0, 0].astype(float)
    top, bottom, left, right = box_of(cv2.inRange(rgb, ground, ground) == 0, rgb.shape)
    first = max(0, left - _REACH), max(0, top - _REACH)
    last = min(right + _REACH, rgb.shape[1]), min(bottom + _REACH, rgb.shape[0])
    return Box(*first, last[0] - first[0], last[1] - first[1])


def _cut(rgb: Pixels, box: Box) -> Pixels:
    return rgb[box.top : box.top + box.height, box.left : box.left + box.width]


def _smooth(rgb: Pixels) -> Pixels:
    """Smooth pixels (H,W,3), but not across edges, with a margin of MARGIN px that repeats the border."""
    padded = cv2.copyMakeBorder(rgb, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.bilateralFilter(padded, 7, 50, 7), np.uint8)

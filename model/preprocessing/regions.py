"""Rectangles of a picture: in its pixels, and as fractions of its sides, whatever its size."""

from __future__ import annotations

import math
from typing import NamedTuple


class Box(NamedTuple):
    """Part of a picture, in its pixels."""

    left: int
    top: int
    width: int
    height: int

    def as_region(self, width: int, height: int) -> Region:
        """Return the part of a picture of that size as fractions of its sides."""
        right, bottom = self.left + self.width, self.top + self.height
        return Region(self.left / width, self.top / height, right / width, bottom / height)


class Region(NamedTuple):
    """Part of a picture: the places of its edges, as fractions of the picture's width and height."""

    left: float
    top: float
    right: float
    bottom: float

    def as_box(self, width: int, height: int) -> Box:
        """Return the pixels, at least one, that the part touches in a picture of that size."""
        left, top = min(int(self.left * width), width - 1), min(int(self.top * height), height - 1)
        right, bottom = math.ceil(self.right * width), math.ceil(self.bottom * height)
        return Box(left, top, max(right - left, 1), max(bottom - top, 1))


WHOLE = Region(0, 0, 1, 1)

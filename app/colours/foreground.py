"""Separation of a product from the ground of its photo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from app.colours.lab import Lab

Mask: TypeAlias = NDArray[np.bool_]

_RING = 3  # px at the edges of the photo, which show the ground
_PLAIN = 8.0  # Lab distance within which the ring of a plain ground is of one colour ...
_PLAIN_SHARE = 0.8  # ... for this share of it
_SAME = 2.5  # Lab distance of the ground itself
_HOLE = 1.5  # and of ground that the product encloses, such as between the legs of a chair
_SHADOW_TINT = 5.0  # difference of hue between ground and its shadow
_SHADOW_DEPTH = 45.0  # and of lightness
_SMOOTH = 1.6  # change of lightness per px in a shadow; the edge of a product is steeper
_BRUSH = np.ones((3, 3), np.uint8)
_CUTS = 3  # rounds of GrabCut


def ground_colour(lab: Lab) -> Lab:
    """Return the colour (3,) at the edges of a photo (H,W,3)."""
    return np.asarray(np.median(lab[_ring(lab.shape[:2])], axis=0), np.float32)


def find_foreground(lab: Lab, ground: Lab) -> Mask:
    """Return the mask (H,W) of the product in a photo (H,W,3) of which ground_colour() returned `ground`.

    The mixed pixels of its edge are left out if it is not thin.

    On a plain ground, all is product that is not connected with the edges of the photo through the colour of the ground
    or its soft shadows. A white product on white is thus held by its outline. On any other ground, GrabCut separates
    what is like the edges of the photo from what is not.
    """
    darker = [colour - channel for colour, channel in zip(ground, cv2.split(lab), strict=True)]  # each (H,W)
    squares = darker[0] ** 2 + darker[1] ** 2 + darker[2] ** 2
    is_plain = (squares[_ring(lab.shape[:2])] < _PLAIN**2).mean() >= _PLAIN_SHARE
    product = ~_plain_ground(darker, squares) if is_plain else _cut_out(lab)
    inner = cv2.erode(product.astype(np.uint8), _BRUSH).astype(bool)
    return inner if 2 * inner.sum() > product.sum() else product


def _plain_ground(darker: Sequence[NDArray[np.float32]], squares: NDArray[np.float32]) -> Mask:
    """Return the mask (H,W) of a plain ground with its shadows.

    `darker` has each channel (H,W) of the ground's colour less that of the photo, and `squares` (H,W) the squared
    distance of the two colours.
    """
    depth, *tints = darker
    slopes = cv2.Sobel(depth, cv2.CV_32F, 1, 0), cv2.Sobel(depth, cv2.CV_32F, 0, 1)
    is_shadow = tints[0] ** 2 + tints[1] ** 2 < _SHADOW_TINT**2
    is_shadow &= slopes[0] ** 2 + slopes[1] ** 2 < (8 * _SMOOTH) ** 2  # a Sobel operator adds up 8 differences
    is_shadow &= (depth > -_SAME) & (depth < _SHADOW_DEPTH)
    like = (squares < _SAME**2) | is_shadow
    core = cv2.erode(like.astype(np.uint8), _BRUSH)  # so that it does not leak into the product through a thin gap
    count, parts = cv2.connectedComponents(core, connectivity=4, ltype=cv2.CV_16U)
    is_outside = np.zeros(count, np.uint8)
    is_outside[parts[_ring(core.shape)]] = 1
    is_outside[0] = 0  # what is not core
    reached = cv2.dilate(np.take(is_outside, np.asarray(parts, np.uint16)), _BRUSH).astype(bool)
    return np.asarray((reached & like) | (squares < _HOLE**2), bool)


def _cut_out(lab: Lab) -> Mask:
    """Return the mask (H,W) of what differs from the edges of a photo, by GrabCut."""
    pixels = np.rint(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR), 0, 1) * 255).astype(np.uint8)
    labels = np.where(_ring(lab.shape[:2]), cv2.GC_BGD, cv2.GC_PR_FGD).astype(np.uint8)
    cv2.setRNGSeed(0)  # the same photo always has the same colours
    whole = (0, 0, *pixels.shape[1::-1])  # not used, since the mask says where to begin
    cv2.grabCut(pixels, labels, whole, np.zeros((1, 65)), np.zeros((1, 65)), _CUTS, cv2.GC_INIT_WITH_MASK)
    return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD))


def _ring(shape: tuple[int, ...]) -> Mask:
    """Return the mask of the outermost pixels of a photo."""
    ring = np.ones(shape, bool)
    ring[_RING:-_RING, _RING:-_RING] = False
    return ring

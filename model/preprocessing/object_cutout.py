"""The object of a photo from life: a guess of its box, and the photo without what is around it.

Both are GrabCut, which separates two mixtures of colours along strong edges: Rother, Kolmogorov, Blake, "GrabCut:
Interactive Foreground Extraction using Iterated Graph Cuts", SIGGRAPH 2004.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from model.preprocessing.frames import Mask, box_of, resize_to
from model.preprocessing.images import Pixels, to_rgb
from model.preprocessing.regions import WHOLE, Box, Region

_SIDE = 192  # px: what is cut is reduced to this, since the time grows with the pixels
_ROUNDS = 3  # of GrabCut
_MARGIN = 0.04  # of the longer side: without a box, what is nearer to the rim is not the object
_SLACK = 0.01  # of the longer side: room around a box, which is drawn by hand
_SMOOTH = 0.85  # px of the reduced photo: sigma with which the outline is smoothed
_RING = 1 / 16  # of the longer side: width of the rim that shows whether the ground is busy
_BUSY = 0.02  # share of edges in that rim
_WHITE = 255


class PhotoObject(NamedTuple):
    """Object that is searched in a photo: the region of the photo that has it, and whether that was guessed."""

    region: Region
    is_guessed: bool


class IsolatedObject(NamedTuple):
    """Photo, or the part of it that begins at (left, top) px, without what is around an object."""

    photo: Image.Image
    object: PhotoObject
    left: int = 0
    top: int = 0


def isolate_object(photo: Image.Image, crop: Region | None = None) -> IsolatedObject:
    """Isolate the object in the crop of an upright photo, by default the one that it seems to show.

    All of the crop, or of the photo, is taken if its ground is plain. So is a photo whose crop is all of it.
    """
    rgb = to_rgb(photo)
    if crop is None and has_busy_ground(rgb):
        guess = guess_object(rgb)
        item = PhotoObject(guess.as_region(*photo.size), is_guessed=True)
        return IsolatedObject(Image.fromarray(cut_out(rgb, guess)), item)
    if crop is None or crop == WHOLE:
        return IsolatedObject(photo, PhotoObject(WHOLE, is_guessed=False))
    box, item = crop.as_box(*photo.size), PhotoObject(crop, is_guessed=False)
    part = rgb[box.top : box.top + box.height, box.left : box.left + box.width]
    if has_busy_ground(part):
        return IsolatedObject(Image.fromarray(cut_out(rgb, box)), item)
    return IsolatedObject(Image.fromarray(part), item, box.left, box.top)


def has_busy_ground(rgb: Pixels) -> bool:
    """Return whether a photo (H,W,3) shows more than one thing on a plain ground: edges reach its rim."""
    small = cv2.bilateralFilter(resize_to(rgb, _SIDE), 7, 50, 7)
    edges = np.max([cv2.Canny(channel, 40, 100) for channel in cv2.split(small)], axis=0) > 0
    width = min(round(_RING * _SIDE), min(edges.shape) // 4)
    ring, outermost = np.ones(edges.shape, bool), 2  # a thin frame is not busy
    ring[width:-width, width:-width] = False
    ring[:outermost], ring[-outermost:], ring[:, :outermost], ring[:, -outermost:] = 4 * [False]
    return bool(ring.any()) and float(edges[ring].mean()) > _BUSY


def guess_object(rgb: Pixels) -> Box:
    """Guess the box of the object in a photo (H,W,3): what differs in colour from its rim."""
    height, width = rgb.shape[:2]
    margin = round(_MARGIN * max(height, width))
    mask = _find_object(rgb, Box(margin, margin, width - 2 * margin, height - 2 * margin))
    down, across = height / mask.shape[0], width / mask.shape[1]
    top, bottom, left, right = box_of(mask, mask.shape)
    first, last = (int(left * across), int(top * down)), (math.ceil(right * across), math.ceil(bottom * down))
    return Box(*first, min(last[0], width) - first[0], min(last[1], height) - first[1])


def cut_out(rgb: Pixels, box: Box) -> Pixels:
    """Return a photo (H,W,3) with a white ground in place of all that is not the object in the box."""
    height, width = rgb.shape[:2]
    soft = cv2.GaussianBlur(_find_object(rgb, box).astype(np.float32), (0, 0), _SMOOTH)
    outline = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR) > 0.4
    return np.where(outline[..., None], rgb, np.uint8(_WHITE))


def _find_object(rgb: Pixels, box: Box) -> Mask:
    """Find the largest piece of a photo in the box that differs from what is outside: 0/1, reduced to _SIDE."""
    height, width = rgb.shape[:2]
    small = resize_to(rgb, _SIDE)
    rows, columns = small.shape[:2]
    scale, slack = max(rows, columns) / max(height, width), round(_SLACK * _SIDE)
    left, top = max(1, round(box.left * scale) - slack), max(1, round(box.top * scale) - slack)
    right = min(columns - 1, round((box.left + box.width) * scale) + slack)
    bottom = min(rows - 1, round((box.top + box.height) * scale) + slack)
    labels = np.full((rows, columns), cv2.GC_BGD, np.uint8)
    labels[top:bottom, left:right] = cv2.GC_PR_FGD
    whole = (labels == cv2.GC_PR_FGD).astype(np.uint8)
    if whole.all() or not whole.any():  # nothing is outside to compare with
        return np.ones(whole.shape, np.uint8)
    cv2.setRNGSeed(0)  # the colours' mixtures start at random
    ground, object_ = np.zeros((1, 65)), np.zeros((1, 65))  # parameters of the mixtures, which it fits
    cv2.grabCut(small, labels, (0, 0, 1, 1), ground, object_, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    found = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(found)
    if len(stats) < 2:  # all is ground
        return np.asarray(whole, np.uint8)
    largest = (pieces == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(largest, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)), np.uint8)

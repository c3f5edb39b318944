"""A sheet of paper in a photo: where it lies, and the photo of it alone, seen from straight above."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from model.preprocessing.images import Pixels

Outline = NDArray[np.float32]
"""(N,2) x, y: the corners of a convex shape in a picture, in its pixels."""

_SIDE = 320  # px: longer side of the reduced picture in which outlines are looked for
_LEAST_AREA = 0.15  # of the picture
_LEAST_STEP = 0.15  # logarithm of how much brighter a sheet is than what it lies on
_FOCAL = 0.85  # of the picture's longer side: what cameras of phones have
_RIM = 0.012  # of a sheet's sides: cut away, since it is where the table shows


def find_sheet(rgb: Pixels) -> Outline | None:
    """The outline of the sheet in a photo (H,W,3); None when there is none, or it fills the picture.

    It is a large convex region that is brighter than what is around it on all sides that are in the picture: of those,
    one with four corners, or else the one of which most of the outline is seen. Drawn and printed lines do not count.
    """
    scale = _SIDE / max(rgb.shape[:2])
    if scale * min(rgb.shape[:2]) < 1:
        return None
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    # the lines that are drawn, or printed, on the sheet are filled with what is around them
    bare = cv2.morphologyEx(cv2.medianBlur(small, 3), cv2.MORPH_CLOSE, np.ones((11, 11), np.uint8))
    planes = [bare.min(2), 255 - cv2.cvtColor(bare, cv2.COLOR_RGB2HSV)[..., 1]]
    outlines = [outline for plane in planes for outline in _candidates(plane)]
    light = np.log(bare.min(2) + 4.0)
    found = [(outline, *_step(light, outline)) for outline in outlines]
    fitting = [(_whole(outline, small.shape), seen, outline) for outline, step, seen in found if step > _LEAST_STEP]
    return max(fitting, key=lambda each: each[:2])[2] / np.float32(scale) if fitting else None


def straightened(rgb: Pixels, outline: Outline) -> Pixels:
    """The sheet in a photo (H,W,3) alone, seen from straight above (h,w,3).

    When one of its corners is not in the picture it stays as it is, and what is around it takes the paper's colour.
    """
    if not _whole(outline, rgb.shape):
        return _without_surroundings(rgb, outline)
    corners = np.roll(outline, -_top_side(outline), axis=0)  # from the top left corner, clockwise
    width, height = _size_of(corners, rgb.shape)
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    view = cv2.getPerspectiveTransform(corners, target)
    flat = cv2.warpPerspective(rgb, view, (round(width), round(height)), flags=cv2.INTER_AREA)
    rim = max(1, round(_RIM * max(width, height)))
    return np.asarray(flat[rim:-rim, rim:-rim], np.uint8)


def _whole(outline: Outline, shape: tuple[int, ...]) -> bool:
    """Whether it has four corners, all of them in the picture."""
    return len(outline) == 4 and bool(_inside(outline, shape, 0.01 * max(shape)).all())


def _candidates(plane: NDArray[np.uint8]) -> list[Outline]:
    """Outlines of the large convex regions above any of several thresholds."""
    outlines = []
    darkest, lightest = np.percentile(plane, (3, 97))
    for threshold in np.linspace(darkest, lightest, 14)[1:-1]:
        above = np.where(plane > threshold, 255, 0).astype(np.uint8)
        contours, _ = cv2.findContours(above, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        region = max(contours, key=cv2.contourArea, default=None)
        if region is None or cv2.contourArea(region) < _LEAST_AREA * plane.size:
            continue
        hull = cv2.convexHull(region, clockwise=False)  # with y down, as it is here: clockwise
        if cv2.contourArea(region) > 0.9 * cv2.contourArea(hull):
            outlines.append(_outline(hull.astype(np.float32), region.reshape(-1, 2).astype(np.float32), plane.shape))
    return outlines


def _outline(hull: NDArray[np.float32], boundary: Outline, shape: tuple[int, ...]) -> Outline:
    """The corners of a convex region: four, if that is not too coarse, and if all of it is in the picture."""
    length = cv2.arcLength(hull, True)
    finest, fine, coarse = (
        cv2.approxPolyDP(hull, detail * length, True).reshape(-1, 2).astype(np.float32)
        for detail in (0.003, 0.02, 0.04)
    )
    if not _inside(boundary, shape, 1).all():
        return finest
    return _sharpened(coarse if len(coarse) == 4 else fine, boundary)


def _sharpened(outline: Outline, points: Outline) -> Outline:
    """The outline whose sides run through the middle of the boundary's points (n,2) near them."""
    starts, ends = outline, np.roll(outline, -1, axis=0)
    sides = []
    for start, end in zip(starts, ends, strict=True):
        length = max(float(np.hypot(*(end - start))), 1.0)
        along, away = _from(points, start, (end - start) / length)
        near = points[(along > 0.05 * length) & (along < 0.95 * length) & (np.abs(away) < 0.05 * length)]
        if len(near) < 2:
            return outline
        dx, dy, x, y = map(float, cv2.fitLine(near, cv2.DIST_HUBER, 0, 0.01, 0.01).ravel())
        sides.append(np.cross([x, y, 1.0], [x + dx, y + dy, 1.0]))  # the line, in homogeneous coordinates
    crossings = np.cross(np.roll(sides, 1, axis=0), sides)
    if np.abs(crossings[:, 2]).min() < 1e-6:
        return outline
    corners = np.asarray(crossings[:, :2] / crossings[:, 2:], np.float32)
    return corners if np.abs(corners - outline).max() < 0.05 * _SIDE else outline


def _from(points: Outline, start: Outline, direction: Outline) -> tuple[Outline, Outline]:
    """How far points (n,2) are from a start, along a direction (2,) and across it."""
    x, y = (points - start).T
    return x * direction[0] + y * direction[1], y * direction[0] - x * direction[1]


def _step(light: NDArray[np.float32], outline: Outline, reach: float = 4) -> tuple[float, float]:
    """How much lighter it is inside than outside, along the side that shows that least, and how long all sides are.

    Only sides that are in the picture and not along its own count; (0, 0) unless there are two of these, since one
    alone may be the edge of a shadow.
    """
    steps, lengths = [], []
    for start, end in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        length = float(np.hypot(*(end - start)))
        if length < 0.1 * max(light.shape):
            continue  # a cut corner
        along = start + np.linspace(0.08, 0.92, 24, dtype=np.float32)[:, None] * (end - start)  # (24,2)
        outwards = np.array([end[1] - start[1], start[0] - end[0]]) / length
        inner, outer = along - reach * outwards, along + reach * outwards
        seen = _inside(inner, light.shape, 0) & _inside(outer, light.shape, 0)
        if seen.mean() > 0.3:
            steps.append(float(np.percentile(_at(light, inner[seen]) - _at(light, outer[seen]), 20)))
            lengths.append(length)
    return (min(steps), sum(lengths)) if len(steps) > 1 else (0.0, 0.0)


def _at(plane: NDArray[np.float32], points: NDArray[np.floating]) -> NDArray[np.float32]:
    """Values of a plane (H,W) at points (n,2) in it."""
    columns, rows = np.rint(points).astype(int).T
    return np.asarray(plane[rows, columns], np.float32)


def _inside(points: NDArray[np.floating], shape: tuple[int, ...], margin: float) -> NDArray[np.bool_]:
    """Which points (n,2) are in a picture of that shape, at least `margin` from its sides."""
    far = np.array([shape[1], shape[0]]) - 1 - margin
    return np.asarray(((points >= margin) & (points <= far)).all(1))


def _top_side(corners: Outline) -> int:
    """The side whose middle is highest, by the corner at which it starts."""
    return int(np.argmin((corners + np.roll(corners, -1, axis=0))[:, 1]))


def _size_of(corners: Outline, shape: tuple[int, ...]) -> tuple[float, float]:
    """Width and height of the sheet whose corners these are, as long as its sides are on average in the photo.

    The ratio is that of Zhang and He, "Whiteboard scanning and image enhancement" (2007), equation 20, for a camera of
    usual focal length that looks at the middle of the photo.
    """
    focal = _FOCAL * max(shape)
    middle = np.array([shape[1], shape[0]], np.float64) / 2
    m1, m2, m4, m3 = np.concatenate([(corners - middle) / focal, np.ones((4, 1))], 1)
    n2 = np.cross(m1, m4) @ m3 / (np.cross(m2, m4) @ m3) * m2 - m1
    n3 = np.cross(m1, m4) @ m2 / (np.cross(m3, m4) @ m2) * m3 - m1
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    width, height = float(sides[0] + sides[2]) / 2, float(sides[1] + sides[3]) / 2
    ratio = float(np.linalg.norm(n2) / np.linalg.norm(n3))  # width / height
    stretch = np.clip(ratio / (width / height), 0.5, 2)  # a sheet is not seen more sidelong than that
    return width * float(np.sqrt(stretch)), height / float(np.sqrt(stretch))


def _without_surroundings(rgb: Pixels, outline: Outline) -> Pixels:
    """The photo with the sheet's usual colour around it."""
    sheet = np.zeros(rgb.shape[:2], np.uint8)
    cv2.fillConvexPoly(sheet, np.rint(outline).astype(np.int32), 1)
    rim = max(3, round(2 * _RIM * max(rgb.shape)) | 1)
    inner = cv2.erode(sheet, np.ones((rim, rim), np.uint8), borderType=cv2.BORDER_REPLICATE) > 0
    return np.where(inner[..., None], rgb, np.median(rgb[inner], axis=0)).astype(np.uint8)

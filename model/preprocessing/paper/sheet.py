"""Sheets of paper in photos: their outline, and a view of the sheet alone from straight above."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from model.preprocessing.images import Pixels

Outline = NDArray[np.float32]
"""(N,2) x, y: the corners of a convex shape in a picture, in its pixels."""

_SIDE = 320  # px: longer side of the reduced picture in which outlines are searched
_LEAST_AREA = 0.15  # of the picture
_LEAST_STEP = 0.15  # logarithm of a sheet's brightness relative to its background
_FOCAL = 0.85  # of the picture's longer side: typical for phones
_RIM = 0.012  # of a sheet's sides: cut away, since the table may be visible there


def find_sheet(rgb: Pixels) -> Outline | None:
    """Find the outline of the sheet in a photo (H,W,3); None if there is none, or it fills the picture.

    A sheet is a large convex region that is brighter than its surroundings on all visible sides. An outline with four
    corners is preferred, then the one with the longest visible sides. Drawn and printed lines do not count.
    """
    scale = _SIDE / max(rgb.shape[:2])
    if scale * min(rgb.shape[:2]) < 1:
        return None
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    # lines on the sheet are filled with their surroundings
    bare = cv2.morphologyEx(cv2.medianBlur(small, 3), cv2.MORPH_CLOSE, np.ones((11, 11), np.uint8))
    planes = [bare.min(2), 255 - cv2.cvtColor(bare, cv2.COLOR_RGB2HSV)[..., 1]]
    outlines = [outline for plane in planes for outline in _find_candidates(plane)]
    light = np.log(bare.min(2) + 4.0)
    measured = [(outline, *_measure_step(light, outline)) for outline in outlines]
    candidates = [
        (_is_whole(outline, small.shape), seen, outline) for outline, step, seen in measured if step > _LEAST_STEP
    ]
    return max(candidates, key=lambda candidate: candidate[:2])[2] / np.float32(scale) if candidates else None


def straightened(rgb: Pixels, outline: Outline) -> Pixels:
    """Cut the sheet out of a photo (H,W,3) and show it from straight above (h,w,3).

    If a corner is outside of the picture the photo keeps its shape, and the surroundings take the paper's colour.
    """
    if not _is_whole(outline, rgb.shape):
        return _fill_surroundings(rgb, outline)
    corners = np.roll(outline, -_top_side(outline), axis=0)  # from the top left corner, clockwise
    width, height = _estimate_size(corners, rgb.shape)
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    view = cv2.getPerspectiveTransform(corners, target)
    flat = cv2.warpPerspective(rgb, view, (round(width), round(height)), flags=cv2.INTER_AREA)
    rim = max(1, round(_RIM * max(width, height)))
    return np.asarray(flat[rim:-rim, rim:-rim], np.uint8)


def _is_whole(outline: Outline, shape: tuple[int, ...]) -> bool:
    """Return whether the outline has four corners, all of them in the picture."""
    return len(outline) == 4 and bool(_is_inside(outline, shape, 0.01 * max(shape)).all())


def _find_candidates(plane: NDArray[np.uint8]) -> list[Outline]:
    """Find outlines of large convex regions above any of several thresholds."""
    outlines = []
    darkest, lightest = np.percentile(plane, (3, 97))
    for threshold in np.linspace(darkest, lightest, 14)[1:-1]:
        above = np.where(plane > threshold, 255, 0).astype(np.uint8)
        contours, _ = cv2.findContours(above, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        region = max(contours, key=cv2.contourArea, default=None)
        if region is None or cv2.contourArea(region) < _LEAST_AREA * plane.size:
            continue
        hull = cv2.convexHull(region, clockwise=False)  # clockwise, since y points down
        if cv2.contourArea(region) > 0.9 * cv2.contourArea(hull):
            outlines.append(
                _find_corners(hull.astype(np.float32), region.reshape(-1, 2).astype(np.float32), plane.shape)
            )
    return outlines


def _find_corners(hull: NDArray[np.float32], boundary: Outline, shape: tuple[int, ...]) -> Outline:
    """Return the corners of a convex region: four if they match well enough and the region is in the picture."""
    length = cv2.arcLength(hull, closed=True)
    finest, fine, coarse = (
        cv2.approxPolyDP(hull, detail * length, closed=True).reshape(-1, 2).astype(np.float32)
        for detail in (0.003, 0.02, 0.04)
    )
    if not _is_inside(boundary, shape, 1).all():
        return finest
    return _sharpen(coarse if len(coarse) == 4 else fine, boundary)


def _sharpen(outline: Outline, points: Outline) -> Outline:
    """Fit the outline's sides to the boundary's points (n,2) near them."""
    starts, ends = outline, np.roll(outline, -1, axis=0)
    sides = []
    for start, end in zip(starts, ends, strict=True):
        length = max(float(np.hypot(*(end - start))), 1.0)
        along, away = _project(points, start, (end - start) / length)
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


def _project(points: Outline, start: Outline, direction: Outline) -> tuple[Outline, Outline]:
    """Return the distances of points (n,2) from a start, along a direction (2,) and across it."""
    x, y = (points - start).T
    return x * direction[0] + y * direction[1], y * direction[0] - x * direction[1]


def _measure_step(light: NDArray[np.float32], outline: Outline, reach: float = 4) -> tuple[float, float]:
    """Return the smallest brightness step over all sides, from outside to inside, and the length of these sides.

    Only sides in the picture and not along its own count. The result is (0, 0) unless there are two of these, since one
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
        seen = _is_inside(inner, light.shape, 0) & _is_inside(outer, light.shape, 0)
        if seen.mean() > 0.3:
            steps.append(float(np.percentile(_values_at(light, inner[seen]) - _values_at(light, outer[seen]), 20)))
            lengths.append(length)
    return (min(steps), sum(lengths)) if len(steps) > 1 else (0.0, 0.0)


def _values_at(plane: NDArray[np.float32], points: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return values of a plane (H,W) at points (n,2) in it."""
    columns, rows = np.rint(points).astype(int).T
    return np.asarray(plane[rows, columns], np.float32)


def _is_inside(points: NDArray[np.floating], shape: tuple[int, ...], margin: float) -> NDArray[np.bool_]:
    """Return which points (n,2) are in a picture of that shape, at least `margin` from its sides."""
    far = np.array([shape[1], shape[0]]) - 1 - margin
    return np.asarray(((points >= margin) & (points <= far)).all(1))


def _top_side(corners: Outline) -> int:
    """Return the side whose middle is highest, as the index of its first corner."""
    return int(np.argmin((corners + np.roll(corners, -1, axis=0))[:, 1]))


def _estimate_size(corners: Outline, shape: tuple[int, ...]) -> tuple[float, float]:
    """Return width and height of the sheet with these corners; its sides have their average length in the photo.

    The ratio is by Zhang and He, "Whiteboard scanning and image enhancement" (2007), equation 20. The camera is assumed
    to have a usual focal length, and to point at the middle of the photo.
    """
    focal = _FOCAL * max(shape)
    middle = np.array([shape[1], shape[0]], np.float64) / 2
    m1, m2, m4, m3 = np.concatenate([(corners - middle) / focal, np.ones((4, 1))], 1)
    n2 = np.cross(m1, m4) @ m3 / (np.cross(m2, m4) @ m3) * m2 - m1
    n3 = np.cross(m1, m4) @ m2 / (np.cross(m3, m4) @ m2) * m3 - m1
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    width, height = float(sides[0] + sides[2]) / 2, float(sides[1] + sides[3]) / 2
    ratio = float(np.linalg.norm(n2) / np.linalg.norm(n3))  # width / height
    stretch = np.clip(ratio / (width / height), 0.5, 2)  # limits how oblique a view can be
    return width * float(np.sqrt(stretch)), height / float(np.sqrt(stretch))


def _fill_surroundings(rgb: Pixels, outline: Outline) -> Pixels:
    """Fill the surroundings of the sheet with its typical colour."""
    sheet = np.zeros(rgb.shape[:2], np.uint8)
    cv2.fillConvexPoly(sheet, np.rint(outline).astype(np.int32), 1)
    rim = max(3, round(2 * _RIM * max(rgb.shape)) | 1)
    inner = cv2.erode(sheet, np.ones((rim, rim), np.uint8), borderType=cv2.BORDER_REPLICATE) > 0
    return np.where(inner[..., None], rgb, np.median(rgb[inner], axis=0)).astype(np.uint8)

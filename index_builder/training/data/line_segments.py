"""Segmentation of a line image into short pieces, which training drops and moves like a person's hand."""

from __future__ import annotations

import cv2
import numpy as np

from model.preprocessing.images import Pixels
from model.preprocessing.line_drawing import thin

MAX_PIECES = 256
_CELL = 0.28  # of the frame's side: width of the grid at which lines are cut
_INK = 170  # of 0..255: a line's middle is darker than this in a reduced frame


def segment_lines(frame: Pixels) -> Pixels:
    """Return the number of the line segment nearest to each pixel of a frame (S,S): (S,S) uint8.

    Lines are thinned, then cut at their crossings and at a grid. Every pixel of the frame belongs to a segment, so that
    a line's whole width moves with the ground around it. Numbers are shared beyond 256 segments.
    """
    middle = thin(np.where(frame < _INK, 255, 0).astype(np.uint8)) > 0
    neighbours = cv2.filter2D(middle.astype(np.uint8), -1, np.ones((3, 3)), borderType=cv2.BORDER_CONSTANT)
    line = middle & (neighbours <= 3)  # the pixel and two neighbours; a crossing has more
    if not line.any():
        return np.zeros(frame.shape, np.uint8)
    rows, columns = np.nonzero(line)
    component = cv2.connectedComponents(line.astype(np.uint8), connectivity=8)[1][rows, columns]
    cell = max(1, round(_CELL * len(frame)))
    keys = np.stack([component, rows // cell, columns // cell])
    piece = np.unique(keys, axis=1, return_inverse=True)[1].reshape(-1) % MAX_PIECES
    ground = np.where(line, 0, 1).astype(np.uint8)
    nearest = cv2.distanceTransformWithLabels(ground, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)[1]
    of_label = np.zeros(int(nearest.max()) + 1, np.uint8)
    of_label[nearest[rows, columns]] = piece
    return np.asarray(of_label[nearest], np.uint8)

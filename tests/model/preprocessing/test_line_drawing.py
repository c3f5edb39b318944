from __future__ import annotations

import cv2
import numpy as np
import pytest

from model.preprocessing.images import Pixels
from model.preprocessing.line_drawing import thin


def blots(shape: tuple[int, int], share: float) -> Pixels:
    noise = np.random.default_rng(0).random(shape) < share
    return cv2.morphologyEx(np.where(noise, 255, 0).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))  # type: ignore[return-value]


@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (3, 3), (40, 60)])
@pytest.mark.parametrize("share", [0, 0.05, 0.2, 0.5, 1])
def test_lines_are_thinned_as_by_opencv(shape: tuple[int, int], share: float) -> None:
    mask = blots(shape, share)
    np.testing.assert_array_equal(thin(mask), cv2.ximgproc.thinning(mask))

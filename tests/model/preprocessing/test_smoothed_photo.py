from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from model.preprocessing.edge_styles import EDGE_STYLES, draw_styles
from model.preprocessing.frames import BOX, FRAME, Mask, box_of, centred, resize_to
from model.preprocessing.images import Pixels
from model.preprocessing.preprocess import Preprocess
from model.preprocessing.smoothed_photo import SmoothedPhoto
from tests.conftest import draw_product


def detect_plainly(rgb: Pixels, low: int, high: int, shortest: int) -> Mask:
    padded = cv2.copyMakeBorder(rgb, 4, 4, 4, 4, cv2.BORDER_REPLICATE)
    smooth = cv2.bilateralFilter(padded, 7, 50, 7)
    edges = np.max([cv2.Canny(channel, low, high) for channel in cv2.split(smooth)], axis=0)[4:-4, 4:-4]
    _, labels, stats, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(edges), connectivity=8)
    keep = stats[:, cv2.CC_STAT_AREA] >= shortest
    keep[0] = False
    return np.where(keep[labels], 255, 0).astype(np.uint8)


def draw_plainly(photo: Image.Image, preprocess: Preprocess) -> Pixels:
    """Draw the frame of a photo without any shortcut: all of the photo is smoothed."""
    settings = preprocess.config.canny_low, preprocess.config.canny_high, preprocess.config.min_edge
    rgb = np.asarray(photo.convert("RGB"))
    coarse = resize_to(rgb, FRAME)
    top, bottom, left, right = box_of(detect_plainly(coarse, *settings), coarse.shape)
    down, across = np.array(rgb.shape[:2]) / np.array(coarse.shape[:2])
    rows = slice(int(top * down), max(int(np.ceil(bottom * down)), 1))
    part = rgb[rows, int(left * across) : max(int(np.ceil(right * across)), 1)]
    lines = centred(detect_plainly(resize_to(part, BOX), *settings))
    pen = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2, 2))
    return np.asarray(255 - cv2.dilate(lines, pen), np.uint8)


def place(product: Image.Image, offset: tuple[int, int], size: tuple[int, int] = (640, 480)) -> Image.Image:
    photo = Image.new("RGB", size, product.getpixel((0, 0)))
    photo.paste(product, offset)
    return photo


PHOTOS = {
    "in the middle": place(draw_product(1), (160, 120)),
    "in a corner": place(draw_product(2), (0, 0)),
    "cut off": place(draw_product(3), (-60, 200)),
    "alone": draw_product(4),
    "noise": Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 130, 3), np.uint8)),
    "blank": Image.new("RGB", (50, 80), "blue"),
}


@pytest.mark.parametrize("name", PHOTOS)
def test_frames_are_those_of_the_whole_photo_smoothed_anew_for_each_style(name: str) -> None:
    preprocess = Preprocess()
    thresholds = {"served": (40, 100), "sparse": (80, 200), "dense": (25, 60)}
    frames = draw_styles(PHOTOS[name], preprocess, thresholds)
    for frame, (low, high) in zip(frames, thresholds.values(), strict=True):
        alone = Preprocess(replace(preprocess.config, canny_low=low, canny_high=high))
        np.testing.assert_array_equal(frame, draw_plainly(PHOTOS[name], alone))
        np.testing.assert_array_equal(frame, alone.photo(PHOTOS[name]))


def test_styles_share_what_is_smoothed(monkeypatch: pytest.MonkeyPatch) -> None:
    smoothed: list[tuple[int, ...]] = []
    smooth = cv2.bilateralFilter

    def count(pixels: Pixels, *settings: Any) -> object:
        smoothed.append(pixels.shape)
        return smooth(pixels, *settings)

    monkeypatch.setattr(cv2, "bilateralFilter", count)
    draw_styles(PHOTOS["in the middle"], Preprocess(), EDGE_STYLES)
    assert len(smoothed) <= 1 + 2  # of the whole photo, and of the boxes of its lines: thresholds hardly move them
    assert smoothed[0][0] < FRAME * 480 / 640  # without the ground around the product


def test_a_photo_on_a_light_ground_stays_as_it_is() -> None:
    light = SmoothedPhoto(np.asarray(PHOTOS["in the middle"]))
    assert light.on_light_ground() is light
    dark = SmoothedPhoto(255 - np.asarray(PHOTOS["in the middle"]))
    np.testing.assert_array_equal(dark.on_light_ground().reduced, light.reduced)

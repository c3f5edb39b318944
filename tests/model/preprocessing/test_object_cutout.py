from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from model.preprocessing.images import Pixels
from model.preprocessing.object_cutout import cut_out, guess_object, has_busy_ground, isolate_object
from model.preprocessing.picture_kind import find_sketch
from model.preprocessing.preprocess import Preprocess
from model.preprocessing.regions import WHOLE, Box, Region
from tests.conftest import draw_product

OBJECT = Box(110, 70, 140, 90)


def scene(side: int = 300) -> Pixels:
    """Draw a red box in front of green, brown and grey patches of all sizes."""
    random = np.random.default_rng(0)
    ground = np.full((side, side, 3), (60, 120, 70), np.uint8)
    for x, y, width, height in random.integers((0, 0, 8, 8), (side, side, 60, 60), (120, 4)):
        ground[y : y + height, x : x + width] = random.integers((30, 90, 40), (90, 160, 100))
    left, top, width, height = OBJECT
    ground[top : top + height, left : left + width] = (200, 30, 40)
    return ground


def test_the_guess_has_the_object_and_not_the_whole_picture() -> None:
    guess = guess_object(scene())
    assert guess.left <= OBJECT.left + 6 and guess.top <= OBJECT.top + 6
    assert guess.left + guess.width >= OBJECT.left + OBJECT.width - 6
    assert guess.top + guess.height >= OBJECT.top + OBJECT.height - 6
    assert guess.width * guess.height < 0.6 * 300 * 300


def test_all_but_the_object_in_the_box_becomes_white() -> None:
    rough = Box(95, 60, 170, 115)  # as a hand draws it
    cut = cut_out(scene(), rough)
    left, top, width, height = OBJECT
    inner = cut[top + 5 : top + height - 5, left + 5 : left + width - 5]
    assert np.array_equal(np.unique(inner.reshape(-1, 3), axis=0), [(200, 30, 40)])
    kept = (cut != 255).any(axis=2)
    assert kept.sum() == pytest.approx(width * height, rel=0.1)
    assert not kept[: rough.top - 8].any() and not kept[:, : rough.left - 8].any()


@pytest.mark.parametrize("box", [Box(0, 0, 300, 300), Box(290, 290, 10, 10), Box(0, 0, 2, 300)])
def test_any_box_of_the_picture_is_cut(box: Box) -> None:
    cut = cut_out(scene(), box)
    assert cut.shape == (300, 300, 3)
    assert (cut != 255).any()  # something is left to search for


def test_a_picture_is_cut_alike_each_time() -> None:
    assert np.array_equal(cut_out(scene(), OBJECT), cut_out(scene(), OBJECT))


@pytest.mark.parametrize("seed", range(4))
def test_a_photo_of_a_catalogue_stays_as_it_is(seed: int) -> None:
    photo = draw_product(seed)
    assert not has_busy_ground(np.asarray(photo.convert("RGB")))
    assert isolate_object(photo) == (photo, (WHOLE, False), 0, 0)


def test_a_framed_photo_is_no_scene() -> None:
    photo = np.full((300, 300, 3), 250, np.uint8)
    photo[:2] = photo[-2:] = photo[:, :2] = photo[:, -2:] = 0
    photo[100:200, 100:200] = 40
    assert not has_busy_ground(photo)


def test_a_scene_is_a_photo_and_its_object_alone_is_searched() -> None:
    picture = Image.fromarray(scene())
    assert find_sketch(picture) is None
    assert has_busy_ground(scene())
    photo, (region, is_guessed), *corner = isolate_object(picture)
    isolated = np.asarray(photo)
    assert (isolated[:40] == 255).all() and tuple(isolated[115, 180]) == (200, 30, 40)
    assert is_guessed and corner == [0, 0] and region == guess_object(scene()).as_region(300, 300)


def test_the_object_in_the_crop_is_isolated_in_place_of_the_guess() -> None:
    picture, crop = scene(), Region(0.05, 0.6, 0.4, 0.93)
    picture[190:270, 30:105] = (40, 60, 220)  # a blue box under the red one, smaller
    photo, item, *corner = isolate_object(Image.fromarray(picture), crop)
    kept = (np.asarray(photo) != 255).any(axis=2)
    assert item == (crop, False) and corner == [0, 0]
    assert kept[195:265, 35:100].mean() > 0.9 and not kept[:170].any() and not kept[:, 130:].any()


def test_a_crop_of_all_of_a_photo_leaves_it_as_it_is() -> None:
    photo = Image.fromarray(scene())
    assert isolate_object(photo, Region(0, 0, 1, 1)) == (photo, (WHOLE, False), 0, 0)


def test_one_of_two_equal_things_on_a_plain_ground_is_found_by_its_crop() -> None:
    preprocess, thing = Preprocess(), draw_product(3)
    pair = Image.new("RGB", (2 * thing.width, thing.height), "white")
    pair.paste(thing, (0, 0))
    pair.paste(thing, (thing.width, 0))
    alone, place = preprocess.place_photo(thing)
    placed, _ = preprocess.place_object(pair, Region(0.5, 0, 1, 1))
    assert np.array_equal(placed.frame, alone)
    assert placed.placement == place.moved(thing.width, 0)


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (900, 3), (30, 30)])
def test_pictures_of_any_shape_have_an_object(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    box = guess_object(picture)
    assert box.width >= 1 and box.height >= 1
    assert cut_out(picture, box).shape == (*shape, 3)
    assert isinstance(has_busy_ground(picture), bool)

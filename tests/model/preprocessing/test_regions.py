from __future__ import annotations

import pytest

from model.preprocessing.regions import WHOLE, Box, Region


def test_a_box_is_the_same_after_the_way_over_fractions() -> None:
    box = Box(25, 50, 100, 50)
    assert box.as_region(200, 400) == Region(0.125, 0.125, 0.625, 0.25)
    assert box.as_region(200, 400).as_box(200, 400) == box
    assert WHOLE.as_box(30, 20) == Box(0, 0, 30, 20)


@pytest.mark.parametrize(
    "region", [Region(0.5, 0.5, 0.5001, 0.5001), Region(0, 0, 1e-9, 1e-9), Region(0.9999, 0, 1, 1)]
)
def test_a_region_has_at_least_one_pixel_of_the_picture(region: Region) -> None:
    box = region.as_box(10, 10)
    assert box.width >= 1 and box.height >= 1
    assert box.left >= 0 and box.left + box.width <= 10 and box.top >= 0 and box.top + box.height <= 10

"""Colours of strokes, and those of the parameter `paint`, put products of these colours first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.decoding.stroke_sketch import StrokesSketch
from model.preprocessing.preprocess import Preprocess, PreprocessConfig
from tests.support.writable_server import Shop, opened, own_gallery

STROKES = [[[10, 10], [60, 10], [60, 60], [10, 60], [10, 10]], [[10, 10], [60, 60]]]
RED, BLUE = "#c0252d", "#2f65a7"


@pytest.fixture(scope="module")
def shop(tiny_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    gallery, key = own_gallery(tiny_gallery, tmp_path_factory.mktemp("paint"))
    with opened(gallery, key) as shop:
        yield shop


def search(shop: Shop, colors: list[str | None] | None = None, **query: Any) -> httpx.Response:
    body = {"width": 80, "height": 80, "strokes": STROKES} | ({} if colors is None else {"colors": colors})
    return shop.client.post("/search", params=query, json=body)


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [product["product_id"] for product in answer.json()["results"]]


def test_colours_hide_nothing_and_ink_has_none(shop: Shop) -> None:
    plain = ids(search(shop))
    assert sorted(ids(search(shop, [RED, None]))) == sorted(ids(search(shop, paint=["red", BLUE]))) == sorted(plain)
    assert ids(search(shop, [None, None])) == ids(search(shop, [])) == plain
    assert ids(search(shop, [RED, None])) == ids(search(shop, paint=RED)) == ids(search(shop, [BLUE, BLUE], paint=RED))


@pytest.mark.parametrize(
    ("colors", "where"),
    [
        ([RED], "colors has 1 values: expected 2"),
        (["red", None], "colors[0]"),
        ([RED, 5], "colors[1]"),
        ("red", "colors"),
    ],
)
def test_wrong_colours_of_strokes_are_named(shop: Shop, colors: Any, where: str) -> None:
    answer = search(shop, colors)
    assert answer.status_code == 422 and where in answer.text, answer.text


def test_wrong_paint_is_named_with_what_is_known(shop: Shop) -> None:
    answer = search(shop, paint="crimson")
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["message"].startswith("paint is 'crimson': expected #rrggbb, or one of black, white, ")
    assert search(shop, paint=["red"] * 13).status_code == 422


def test_products_have_the_colours_of_their_photos(shop: Shop) -> None:
    name = ids(search(shop))[0]
    measured = shop.client.get(f"/products/{name}").json()["measured_colors"]
    assert all(color.keys() == {"color", "share"} and color["color"].startswith("#") for color in measured)


def test_colours_change_no_frame_and_count_by_length() -> None:
    preprocess = Preprocess(PreprocessConfig())
    plain, coloured = (
        StrokesSketch(json.dumps({"width": 80, "height": 80, "strokes": STROKES, **more}).encode()).decode(preprocess)
        for more in ({}, {"colors": [RED, BLUE.upper()]})
    )
    np.testing.assert_array_equal(plain.frame, coloured.frame)
    assert plain.colors == () and [part.color for part in coloured.colors] == [RED, BLUE]
    assert coloured.colors[0].share == pytest.approx(200 / (200 + 50 * 2**0.5))

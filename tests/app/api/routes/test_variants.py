"""Variants of one product are one result and one count of the HTTP interface."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.sketch_files import PNG, sketch_file
from tests.support.writable_server import Shop, opened, own_gallery

_SIZES = {"shoe-9": ("9", "in_stock", "59.90"), "shoe-10": ("10", "out_of_stock", "69.90")}


@pytest.fixture(scope="module")
def shop(tiny_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Serve the tiny gallery with a shoe in two sizes, of the photo 50."""
    gallery, key = own_gallery(tiny_gallery, tmp_path_factory.mktemp("variants"))
    with opened(gallery, key) as shop:
        for name, (size, availability, price) in _SIZES.items():
            fields = {"size": size, "size_system": "UK", "availability": availability, "price": price}
            shop.put(name, 50, item_group_id="shoe", currency="EUR", category="Shoes", **fields)
        yield shop


def search(shop: Shop, **query: Any) -> list[dict[str, Any]]:
    answer = shop.client.post("/search", params=query, content=sketch_file(50), headers=PNG)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def test_a_shoe_in_two_sizes_is_one_result(shop: Shop) -> None:
    first, *others = search(shop)
    assert first["product_id"] == "shoe-10"  # the first of equal distances, by id
    assert (first["group_id"], first["variants"], first["sizes"]) == ("shoe", 2, ["UK 9", "UK 10"])
    assert first["prices"] == [{"currency": "EUR", "min": 59.9, "max": 69.9, "regular": None}]
    assert first["availability"] == "in_stock" and first["price"] == 69.9
    assert len(others) == 12 and all((other["group_id"], other["variants"]) == (None, 1) for other in others)
    singles = search(shop, variants=True)
    assert [(single["product_id"], single["variants"]) for single in singles[:2]] == [("shoe-10", 1), ("shoe-9", 1)]
    assert [single["sizes"] for single in singles[:2]] == [["UK 10"], ["UK 9"]] and len(singles) == 14


def test_one_variant_has_to_pass_all_filters(shop: Shop) -> None:
    assert search(shop, size="UK 10", in_stock=True) == []
    assert [found["product_id"] for found in search(shop, size="UK 9", in_stock=True)] == ["shoe-9"]


def test_similar_products_are_of_other_groups(shop: Shop) -> None:
    for variants in (False, True):
        similar = shop.client.get("/products/shoe-9/similar", params={"variants": variants, "k": 12}).json()["results"]
        assert len(similar) == 12 and not {product["product_id"] for product in similar} & _SIZES.keys()


def test_the_same_photo_makes_variants_where_the_shop_says_so(tiny_gallery: Path, tmp_path: Path) -> None:
    gallery, key = own_gallery(tiny_gallery, tmp_path)
    with opened(gallery, key, group_by_photo=True) as shop:
        for name in ("copy-1", "copy-2"):
            shop.put(name, 50, size=name[-1])
        first = search(shop)[0]
        assert (first["product_id"], first["variants"], first["sizes"]) == ("copy-1", 2, ["1", "2"])
        assert first["group_id"] is None and shop.client.get("/facets").json()["size"] == 13
    with opened(gallery, key) as shop:
        assert [found["product_id"] for found in search(shop)[:2]] == ["copy-1", "copy-2"]
        assert shop.client.get("/facets").json()["size"] == 14


def test_facets_and_categories_count_groups(shop: Shop) -> None:
    for variants, number in ((False, 1), (True, 2)):
        facets = shop.client.get("/facets", params={"variants": variants}).json()
        assert facets["size"] == 12 + number
        assert facets["sizes"] == [{"size": "UK 9", "count": 1}, {"size": "UK 10", "count": 1}]
        categories = shop.client.get("/categories", params={"variants": variants}).json()["categories"]
        assert categories == facets["categories"]
        assert {entry["category"]: entry["count"] for entry in categories}["Shoes"] == 5 + number

"""Partial updates of products, one by one and in bulk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.sketch_files import JSON, refused
from tests.support.writable_server import Shop, opened, own_gallery

FIELDS = {
    "title": "Red boot",
    "price": "59.90 EUR",
    "color": "Black/Red",
    "attributes": {"heel": "high", "sole": "gum"},
}


@pytest.fixture(scope="module")
def shop(tiny_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    gallery, key = own_gallery(tiny_gallery, tmp_path_factory.mktemp("patches"))
    with opened(gallery, key, max_write_bytes=500_000, max_feed_bytes=300_000) as shop:
        yield shop


def shown_attributes(answer: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in answer["attributes"]}


def test_a_patch_changes_what_it_names(shop: Shop) -> None:
    put = shop.put("p/1", 40, 41, **FIELDS).json()
    change = {"price": "49.90", "attributes": {"sole": None, "Sale": "yes"}}
    answer = shop.client.patch("/products/p/1", json=change)
    assert answer.status_code == 200, answer.text
    patched = answer.json()
    assert patched == put | {"price": 49.9, "attributes": patched["attributes"]}
    assert shown_attributes(patched) == {"heel": "high", "sale": "yes"}
    assert shop.client.get("/products/p/1").json() == patched
    assert shop.found(41)[0] == "p/1"
    facets = shop.client.get("/facets", params={"attribute": "sale:yes"}).json()
    assert facets["size"] == 1
    merge_patch = {"Content-Type": "application/merge-patch+json"}
    removed = shop.client.patch("/products/p/1", content=b'{"color": null, "title": null}', headers=merge_patch).json()
    assert (removed["color"], removed["title"], removed["price"]) == (None, "p/1", 49.9)


def test_the_same_again_takes_no_revision(shop: Shop) -> None:
    shop.put("p/2", 42, **FIELDS)
    revisions = [shop.client.patch("/products/p/2", json={"price": 5}) and shop.client.get("/readyz") for _ in range(2)]
    assert revisions[0].json() == revisions[1].json()


@pytest.mark.parametrize(
    ("request_", "status", "code", "words"),
    [
        ({"content": b"", "headers": JSON}, 400, "empty_body", "expected the fields to change as"),
        ({"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415, "unsupported_media_type", "merge-patch"),
        ({"content": b"{", "headers": JSON}, 422, "invalid_product", "is not valid JSON"),
        ({"json": []}, 422, "invalid_product", "the body is []"),
        ({"json": {"tilte": "x"}}, 422, "invalid_product", "tilte is unknown: expected some of product_id, title"),
        ({"json": {"photos": []}}, 422, "invalid_product", "photos is unknown"),
        ({"json": {"price": "cheap"}}, 422, "invalid_product", "price is 'cheap': expected"),
        ({"json": {"availability": "maybe"}}, 422, "invalid_product", "'maybe' is unknown"),
        ({"json": {"title": "\0"}}, 422, "invalid_product", "title"),
        ({"json": {"attributes": {"price": "5"}}}, 422, "invalid_product", "attribute 'price' is not usable"),
        ({"json": {"product_id": "b"}}, 422, "id_mismatch", "product_id is 'b'"),
        ({"content": b'{"title": "' + b"x" * 300_000 + b'"}', "headers": JSON}, 413, "body_too_large", "262,144"),
        ({"content": b"x" * 600_000, "headers": JSON}, 413, "body_too_large", "500000"),
    ],
)
def test_what_is_refused_changes_nothing(
    shop: Shop, request_: dict[str, Any], status: int, code: str, words: str
) -> None:
    before = shop.client.get("/products/boot-1").json()
    error = refused(shop.client.patch("/products/boot-1", **request_), status, code, words)
    assert len(error["message"]) < 500
    assert shop.client.get("/products/boot-1").json() == before


def test_an_unknown_product_is_not_added(shop: Shop) -> None:
    refused(shop.client.patch("/products/none", json={"price": 5}), 404, "not_found", "there is no product 'none'")
    assert shop.client.get("/products/none").status_code == 404

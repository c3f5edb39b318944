"""Deletions of many products."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.sketch_files import JSON, refused
from tests.support.writable_server import Shop, opened, own_gallery


@pytest.fixture(scope="module")
def shop(tiny_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    gallery, key = own_gallery(tiny_gallery, tmp_path_factory.mktemp("deletions"))
    with opened(gallery, key) as shop:
        yield shop


def test_a_list_is_deleted_at_once_and_may_be_sent_again(shop: Shop) -> None:
    for number in range(3):
        shop.put(f"old/{number}", 70 + number)
    ids = ["old/0", "none", "old/1", "old/0"]
    answer = shop.client.request("DELETE", "/products", json=ids).json()
    assert (answer["deleted"], answer["unknown"]) == (2, 1)
    assert shop.found(72)[0] == "old/2" and not {"old/0", "old/1"} & set(shop.found(70))
    assert shop.client.get("/products/old/0").status_code == 404
    again = shop.client.request("DELETE", "/products", json=ids)
    assert again.status_code == 200 and again.json() == {"deleted": 0, "unknown": 3, "revision": None}
    last = shop.client.delete("/products/old/2").json()
    assert last["revision"] == answer["revision"] + 1


def test_an_empty_list_deletes_nothing(shop: Shop) -> None:
    answer = shop.client.request("DELETE", "/products", json=[]).json()
    assert answer == {"deleted": 0, "unknown": 0, "revision": None}


@pytest.mark.parametrize(
    ("request_", "status", "code", "words"),
    [
        ({"content": b"", "headers": JSON}, 400, "empty_body", "expected a list of product ids"),
        ({"content": b"[]"}, 415, "unsupported_media_type", "content-type is missing"),
        ({"content": b"[", "headers": JSON}, 422, "invalid_parameter", "is not valid JSON"),
        ({"json": {"ids": []}}, 422, "invalid_parameter", "the body is {'ids': []}: expected a valid array"),
        ({"json": ["boot-1", 7]}, 422, "invalid_parameter", "[1] is 7: expected a valid string"),
        ({"json": ["boot-1", "\0"]}, 422, "invalid_parameter", "a text without NUL"),
        ({"json": ["boot-1"] * 10_001}, 422, "invalid_parameter", "expected at most 10000"),
    ],
)
def test_what_is_refused_deletes_nothing(
    shop: Shop, request_: dict[str, Any], status: int, code: str, words: str
) -> None:
    refused(shop.client.request("DELETE", "/products", **request_), status, code, words)
    assert shop.client.get("/products/boot-1").status_code == 200

"""Partial updates of products, one by one and in bulk."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.catalogue.product_patches import PatchOutcome, patch_products
from app.gallery.layout import CATALOGUE_FILE
from app.products.product_patch import ProductPatch
from tests.support.sketch_files import JSON, PNG, refused
from tests.support.writable_server import Shop, opened, own_gallery, photo

JSON_LINES = {"Content-Type": "application/jsonl"}
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


def test_private_fields_are_stored_and_never_shown(shop: Shop) -> None:
    secrets = {"custom_label_0": "Clearance", "custom_label_4": "7", "cost_of_goods_sold": 29.95}
    shown = [shop.put("secret", 40, **FIELDS, **secrets).text]
    catalogue = Catalogue(sqlite_url(shop.gallery / CATALOGUE_FILE))
    stored = catalogue.get("secret")
    assert stored is not None and stored.cost_of_goods_sold == "29.95"
    change = {"custom_label_0": None, "custom_label_1": "New", "cost_of_goods_sold": "10 EUR"}
    shown.append(shop.client.patch("/products/secret", json=change).text)
    shown += [
        shop.client.get(path).text for path in ("/products/secret", "/products", "/facets", "/products/secret/similar")
    ]
    assert not [text for text in shown if "custom_label" in text or "cost_of" in text or "clearance" in text.lower()]
    patched = catalogue.get("secret")
    catalogue.close()
    assert patched is not None and (patched.custom_label_0, patched.custom_label_1) == (None, "new")
    assert (patched.custom_label_4, patched.cost_of_goods_sold) == ("7", "10 EUR")
    answer = shop.client.patch("/products/secret", json={"cost_of_goods_sold": "cheap"})
    message = refused(answer, 422, "invalid_product")["message"]
    assert message == "cost_of_goods_sold is 'cheap': expected a number, or a text such as '30.00 EUR'"


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


def send_lines(shop: Shop, *lines: object, **headers: str) -> httpx.Response:
    """PATCH lines: texts and bytes as they are, anything else as JSON."""
    texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    return shop.client.patch("/products", content=b"\n".join(texts), headers=JSON_LINES | headers)


def test_many_products_are_changed_line_by_line(shop: Shop) -> None:
    for number in range(3):
        shop.put(f"bulk/{number}", 50 + number, **FIELDS)
    answer = send_lines(
        shop,
        b"\xef\xbb\xbf" + json.dumps({"product_id": "bulk/0", "price": "1.50 USD"}).encode(),
        {"product_id": "bulk/1", "title": "Red boot"},
        b"\r",
        {"product_id": "nowhere", "price": 5},
        {"product_id": "bulk/2", "availability": "maybe"},
        {"product_id": "bulk/2", "attributes": {"heel": None}},
        {"product_id": "bulk/2", "price": 3},
    )
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert {name: report[name] for name in ("changed", "unchanged", "unknown", "error_count")} == {
        "changed": 3,
        "unchanged": 1,
        "unknown": 1,
        "error_count": 1,
    }
    assert report["unknown_ids"] == ["nowhere"]
    assert report["errors"][0]["where"] == "line 5" and "'maybe' is unknown" in report["errors"][0]["reason"]
    assert (
        shop.client.post("/search", content=photo(50), headers=PNG).json()["gallery"]["revision"]
        == (report["revision"])
    )
    first, last = (shop.client.get(f"/products/bulk/{number}").json() for number in (0, 2))
    assert (first["price"], first["currency"], last["price"]) == (1.5, "USD", 3)
    assert shown_attributes(last) == {"sole": "gum"}
    assert [shop.found(50 + number)[0] for number in range(3)] == [f"bulk/{number}" for number in range(3)]
    assert send_lines(shop, {"product_id": "bulk/2", "price": 3}).json()["revision"] is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "is not valid JSON"),
        (b"\xff", "is not valid JSON"),
        (b"[]", "the body is []: expected"),
        (b'{"price": 5}', "product_id is missing: expected the id of a product"),
        (b'{"product_id": "\\u0000"}', "product_id has a NUL character"),
        (b'{"product_id": "\\ud800"}', "is not valid JSON"),
        (b'{"product_id": "boot-1", "prise": 5}', "prise is unknown: expected some of product_id"),
        (b'{"product_id": "boot-1", "title": "' + b"x" * 290_000 + b'"}', "expected at most 262,144"),
    ],
)
def test_an_unusable_line_is_named_and_the_others_are_done(shop: Shop, line: bytes, words: str) -> None:
    price = random.randrange(1000)
    answer = send_lines(shop, line, {"product_id": "boot-1", "price": price}).json()
    assert (answer["error_count"], answer["unknown"], len(answer["errors"])) == (1, 0, 1)
    assert answer["errors"][0]["where"] == "line 1" and words in answer["errors"][0]["reason"]
    assert shop.client.get("/products/boot-1").json()["price"] == price


def test_the_lists_of_the_answer_are_bounded(shop: Shop) -> None:
    lines = [{"product_id": f"x{number}"} for number in range(1100)]
    answer = send_lines(shop, *lines, *[b"[]"] * 1100).json()
    assert (answer["unknown"], answer["error_count"]) == (1100, 1100)
    assert len(answer["unknown_ids"]) == len(answer["errors"]) == 100


@pytest.mark.parametrize(
    ("content", "headers", "status", "code", "words"),
    [
        (b"", {}, 400, "empty_body", "expected a product's changes in each line"),
        (b"{}", JSON, 415, "unsupported_media_type", "application/jsonl"),
        (b"{}", {"Content-Encoding": "gzip"}, 415, "unsupported_media_type", "not compressed"),
        (b"x" * 300_001, {}, 413, "body_too_large", "300000"),
    ],
)
def test_a_body_that_is_refused(
    shop: Shop, content: bytes, headers: dict[str, str], status: int, code: str, words: str
) -> None:
    refused(shop.client.patch("/products", content=content, headers=JSON_LINES | headers), status, code, words)


def fail_after(monkeypatch: pytest.MonkeyPatch, batches: int) -> None:
    """Make all batches fail after the first ones, as with a full disk."""
    remaining = iter(range(batches))

    def patch_or_fail(catalogue: Catalogue, patches: Sequence[ProductPatch]) -> list[PatchOutcome]:
        if next(remaining, None) is None:
            raise OperationalError("UPDATE", {}, Exception("disk is full"))
        return patch_products(catalogue, patches)

    monkeypatch.setattr("app.ingest.gallery_writer.patch_products", patch_or_fail)


@pytest.mark.parametrize(("batches", "code"), [(0, "no_database"), (1, "interrupted")])
def test_whole_batches_are_stored_until_the_database_fails_and_the_answer_says_how_many(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, batches: int, code: str
) -> None:
    price = 2000 + batches
    lines = [{"product_id": name, "price": price} for name in ["boot-1", *["x"] * 99, "boot-2"]]
    with monkeypatch.context() as patch:
        fail_after(patch, batches)
        answer = send_lines(shop, *lines)
    error = refused(answer, 503, code, "try again")
    assert answer.headers["retry-after"] == "10"
    if batches:
        assert error["detail"]["last_line"] == 100
    prices = [shop.client.get(f"/products/boot-{number}").json()["price"] for number in (1, 2)]
    assert (prices[0] == price) is bool(batches) and prices[1] != price
    assert send_lines(shop, *lines).status_code == 200
    assert shop.client.get("/products/boot-2").json()["price"] == price


def test_a_client_that_disconnects_leaves_whole_batches(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    reached, gone = threading.Event(), threading.Event()
    batches = list[int]()

    def patch_slowly(catalogue: Catalogue, patches: Sequence[ProductPatch]) -> list[PatchOutcome]:
        batches.append(len(patches))
        reached.set()
        assert gone.wait(30)
        return patch_products(catalogue, patches)

    monkeypatch.setattr("app.ingest.gallery_writer.patch_products", patch_slowly)
    names = ["boot-1", *["x"] * 98, "boot-2"]
    lines = [{"product_id": name, "price": 3000} for name in names * 4]
    body = "\n".join(map(json.dumps, lines)).encode()
    with pytest.raises(httpx.ReadTimeout):
        httpx.patch(
            shop.client.base_url.join("/products"),
            content=body,
            headers={**shop.client.headers, **JSON_LINES},
            timeout=1,
        )
    assert reached.is_set()
    time.sleep(0.1)
    gone.set()
    deadline = time.monotonic() + 30
    while shop.client.get("/products/boot-2").json()["price"] != 3000 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [shop.client.get(f"/products/boot-{number}").json()["price"] for number in (1, 2)] == [3000, 3000]
    time.sleep(0.1)
    assert batches == [100]

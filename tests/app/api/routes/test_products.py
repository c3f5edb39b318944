"""Products that are added, replaced and deleted during searches."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from app.catalogue.catalogue import Catalogue
from app.catalogue.import_jobs import ImportJobs
from app.decoding.worker_pool import DecoderPool
from app.gallery.gallery import Gallery
from app.gallery.photo_store import PhotoStore
from tests.support.sketch_files import JSON, bomb, refused
from tests.support.writable_server import Shop, opened, own_gallery, photo, too_busy, too_costly

METADATA = {
    "title": "Red boot",
    "category": "Shoes > Boots",
    "price": "59.90",
    "currency": "eur",
    "color": "Black/Red",
    "brand": "Acme",
    "availability": "in_stock",
    "attributes": {"heel": "high", "material": ["leather", "wool"]},
}


@pytest.fixture(scope="module")
def shop(tiny_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    gallery, key = own_gallery(tiny_gallery, tmp_path_factory.mktemp("writes"))
    with opened(gallery, key, max_write_bytes=500_000) as shop:
        yield shop


def test_a_product_is_found_as_soon_as_it_is_there_and_not_once_it_is_gone(shop: Shop) -> None:
    created = shop.put("new/1", 40, **METADATA)
    assert created.status_code == 201, created.text
    assert (created.json()["title"], created.json()["price"], created.json()["currency"]) == ("Red boot", 59.9, "EUR")
    assert shop.client.get(created.json()["photo_url"]).status_code == 200
    assert shop.found(40)[0] == "new/1"
    assert shop.client.get("/products/new/1").json() == created.json()
    gone = shop.client.delete("/products/new/1")
    assert gone.status_code == 200 and gone.json()["product_id"] == "new/1"
    assert "new/1" not in shop.found(40)
    refused(shop.client.delete("/products/new/1"), 404, "not_found", "'new/1'")


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"price": "89.90 EUR"}, {"price": 89.9, "currency": "EUR"}),
        ({"price": " 1.299,00 € "}, {"price": 1299.0, "currency": "EUR"}),
        ({"price": "89.90 EUR", "currency": "USD"}, {"price": 89.9, "currency": "EUR"}),  # as in feeds
        ({"price": "12.345", "currency": "usd"}, {"price": 12.345, "currency": "USD"}),
        ({"price": 12.5}, {"price": 12.5, "currency": None}),
        ({"price": None}, {"price": None}),
        ({"availability": "out of stock"}, {"availability": "out_of_stock"}),
        ({"availability": "https://schema.org/InStock"}, {"availability": "in_stock"}),
        ({"color": ["Black", "Red"], "size": ["41", "42"]}, {"color": "Black/Red", "size": "41 / 42"}),
        ({"color": "Black/Red", "size": "41"}, {"color": "Black/Red", "size": "41"}),
        ({"color": [], "size": [" "]}, {"color": None, "size": None}),
        ({"title": "Tom &amp; Jerry"}, {"title": "Tom &amp; Jerry"}),  # only feeds escape HTML
    ],
)
def test_values_are_spelled_as_in_feeds(shop: Shop, values: dict[str, Any], shown: dict[str, Any]) -> None:
    answer = shop.client.put("/products/boot-1", json=values)
    assert answer.status_code == 200, answer.text
    assert {name: answer.json()[name] for name in shown} == shown


def test_groups_and_size_systems_are_stored_and_shown(shop: Shop) -> None:
    fields = {"size": ["8", "9"], "size_system": "us", "size_type": ["Big", "tall"]}
    for name in ("group_id", "item_group_id"):
        answer = shop.put("grouped", 46, **fields, **{name: "shoe 7"}).json()
        assert (answer["group_id"], answer["size"]) == ("shoe 7", "8 / 9")
        assert (answer["size_system"], answer["size_type"]) == ("US", "big tall")
        assert shop.client.get("/products/grouped").json() == answer
    assert shop.client.get("/facets", params={"size": "us 9 big tall"}).json()["size"] == 1
    shop.client.delete("/products/grouped")


def test_each_of_several_sizes_is_found(shop: Shop, tmp_path: Path) -> None:
    for size in (["41", "42"], "41/42", "41, 42"):
        assert shop.put("sized", 45, size=size).status_code in (200, 201)
        counts = {entry["size"]: entry["count"] for entry in shop.client.get("/facets").json()["sizes"]}
        assert (counts["41"], counts["42"]) == (1, 1) and "41/42" not in counts
        for wanted in ("41", "42", "41/42", "42 / 41"):
            assert shop.client.get("/facets", params={"size": wanted}).json()["size"] == 1
        refused(shop.client.get("/facets?size=41/43"), 422, "unknown_size", "41, 42")
    shop.client.delete("/products/sized")


def test_photos_and_metadata_are_replaced_by_themselves(shop: Shop) -> None:
    assert shop.put("p", 41, 42).json()["title"] == "p"
    assert shop.found(41)[0] == shop.found(42)[0] == "p"
    words = shop.client.put("/products/p", json=METADATA)
    assert words.status_code == 200 and words.json()["title"] == "Red boot"
    assert shop.found(42)[0] == "p"
    pictures = shop.put("p", 43)
    assert pictures.status_code == 200 and pictures.json()["title"] == "Red boot"
    assert shop.found(43)[0] == "p" and shop.found(42)[0] != "p"
    bare = shop.client.put("/products/p", json={"product_id": "p"})
    assert (bare.json()["title"], bare.json()["price"]) == ("p", None)
    assert shop.client.delete("/products/p").status_code == 200


def test_the_same_again_changes_nothing(shop: Shop) -> None:
    shop.put("same", 44, **METADATA)
    before = shop.client.post("/search", content=photo(44), headers={"Content-Type": "image/png"}).json()["gallery"]
    assert shop.put("same", 44, **METADATA).status_code == 200
    after = shop.client.post("/search", content=photo(44), headers={"Content-Type": "image/png"}).json()["gallery"]
    assert before == after
    shop.client.delete("/products/same")


def test_writers_at_once_lose_nothing(shop: Shop) -> None:
    def write(number: int) -> list[int]:
        first = shop.put("many", 50, title="first").status_code
        return [first, shop.put(f"many-{number}", 50 + number).status_code]

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for pair in pool.map(write, range(8)) for status in pair]
    assert set(statuses) <= {200, 201}
    assert {f"many-{number}" for number in range(8)} <= set(shop.found(50, k=100))
    for name in ("many", *(f"many-{number}" for number in range(8))):
        assert shop.client.delete(f"/products/{name}").status_code == 200


def _form(*parts: tuple[str, Any]) -> dict[str, Any]:
    return {"files": list(parts)}


PHOTO = ("photo", ("p.png", photo(1), "image/png"))


@pytest.mark.parametrize(
    ("request_", "status", "code", "words"),
    [
        ({"content": b"", "headers": JSON}, 400, "empty_body", "expected a product as multipart/form-data"),
        ({"content": b"x", "headers": {"Content-Type": "text/plain"}}, 415, "unsupported_media_type", "'text/plain'"),
        ({"content": b"x"}, 415, "unsupported_media_type", "content-type is missing"),
        ({"content": b"{", "headers": JSON}, 422, "invalid_product", "is not valid JSON"),
        ({"json": []}, 422, "invalid_product", "expected"),
        ({"json": {"tilte": "x"}}, 422, "invalid_product", "tilte is unknown: expected some of product_id, title"),
        ({"json": {"title": 7}}, 422, "invalid_product", "title is 7: expected a valid string"),
        ({"json": {"price": "cheap"}}, 422, "invalid_product", "price is 'cheap': expected"),
        ({"json": {"price": -1}}, 422, "invalid_product", "expected at least 0"),
        ({"json": {"price": "-1 EUR"}}, 422, "invalid_product", "price is '-1 EUR': expected"),
        ({"json": {"price": "9" * 20 + " EUR"}}, 422, "invalid_product", f"price is '{'9' * 20}': expected"),
        ({"json": {"price": True}}, 422, "invalid_product", "price is true: expected"),
        ({"json": {"size": 41}}, 422, "invalid_product", "size is 41: expected a text or a list of texts"),
        ({"json": {"size": ["41", 42]}}, 422, "invalid_product", "size[1] is 42: expected a valid string"),
        ({"json": {"availability": "maybe"}}, 422, "missing_photo", "is new and has no photo"),
        ({"json": {"attributes": {"a": 1}}}, 422, "invalid_product", "attributes.a is 1: expected a text or a list"),
        ({"json": {"attributes": {"a" * 200_000: 1}}}, 422, "invalid_product", "aaa… is 1: expected a text or a list"),
        (_form(PHOTO, ("product", (None, json.dumps({"product_id": "b" * 99_999})))), 422, "id_mismatch", "bbb…: exp"),
        ({"json": {"b" * 200_000: 1}}, 422, "invalid_product", "bbb… is unknown: expected some of product_id"),
        ({"json": {"attributes": {"a": ["b", 1]}}}, 422, "invalid_product", "attributes.a[1] is 1: expected a valid"),
        ({"json": {"title": "x"}}, 422, "missing_photo", "product 'unknown' is new and has no photo"),
        ({"content": b'{"title": "' + b"x" * 300_000 + b'"}', "headers": JSON}, 413, "body_too_large", "262,144"),
        ({"content": b"x" * 600_000, "headers": JSON}, 413, "body_too_large", "500000"),
        (_form(("product", (None, "{}"))), 422, "missing_photo", "has no photo"),
        (_form(PHOTO, ("product", (None, '{"product_id": "b"}'))), 422, "id_mismatch", "product_id is 'b'"),
        (_form(PHOTO, ("product", (None, '{"availability": "maybe"}'))), 422, "invalid_product", "'maybe' is unknown"),
        (_form(PHOTO, ("product", (None, '{"title": "\\u0000"}'))), 422, "invalid_product", "title"),
        (_form(PHOTO, ("product", (None, "{}")), ("product", (None, "{}"))), 422, "invalid_parameter", "2 times"),
        (_form(PHOTO, ("foto", ("a", b"x"))), 422, "invalid_parameter", "field 'foto' is unknown: expected files in"),
        (_form(("photo", (None, "text"))), 422, "invalid_parameter", "field 'photo' is text"),
        (_form(("photo", ("p.png", b"")), PHOTO), 415, "not_an_image", "is empty"),
        (_form(("photo", ("p.png", b"no image"))), 415, "not_an_image", "cannot be read"),
        (_form(PHOTO, ("photo", ("p.png", b"no image"))), 415, "not_an_image", "cannot be read"),
        (_form(PHOTO, ("photo", ("b.png", b"no image")), PHOTO), 415, "not_an_image", "photo 2 ('b.png'): image"),
        (_form(PHOTO, ("photo", ("c.png", b""))), 415, "not_an_image", "photo 2 ('c.png'): image is empty"),
        (_form(PHOTO, ("photo", ("d.png", bomb()))), 413, "image_too_large", "photo 2 ('d.png'): image is too large"),
        (_form(("photo", ("x" * 2000, b"no image"))), 415, "not_an_image", "xxx…): image cannot be read"),
        (_form(("photo", ("p.png", bomb()))), 413, "image_too_large", "image is too large"),
        (_form(*[PHOTO] * 21), 422, "invalid_parameter", "there are 21 photos: expected at most 20"),
        (_form(*[PHOTO] * 22), 400, "bad_multipart", "Too many files"),
    ],
)
def test_what_is_refused(shop: Shop, request_: dict[str, Any], status: int, code: str, words: str) -> None:
    error = refused(shop.client.put("/products/unknown", **request_), status, code, words)
    assert len(error["message"]) < 500
    assert shop.client.get("/products/unknown").status_code == 404


def test_a_photo_that_takes_too_much_is_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DecoderPool, "request", too_costly(photo(61)))
    refused(shop.put("costly", 61), 422, "image_too_costly", "a great deal")
    assert shop.client.get("/products/costly").status_code == 404


def test_a_photo_that_the_server_has_no_time_for_may_come_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DecoderPool, "request", too_busy(photo(62), 1))
    answer = shop.put("later", 62)
    refused(answer, 503, "busy", "try again later")
    assert int(answer.headers["Retry-After"]) > 0 and shop.client.get("/products/later").status_code == 404
    assert shop.put("later", 62).status_code == 201


@pytest.mark.parametrize(
    ("failing", "error", "code", "words"),
    [
        ((PhotoStore, "keep"), OSError(28, "No space left on device"), "not_stored", "(No space left on device)"),
        ((Catalogue, "put"), OperationalError("INSERT", {}, Exception("disk is full")), "no_database", "database"),
    ],
)
def test_a_change_that_cannot_be_stored_is_to_be_tried_again(
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    failing: tuple[type, str],
    error: Exception,
    code: str,
    words: str,
) -> None:
    def fail(*_arguments: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(*failing, fail)
        response = shop.put("kept", 62)
    refused(response, 503, code, words, "nothing was changed, try again later")
    assert response.headers["retry-after"] == "10"
    assert shop.client.get("/products/kept").status_code == 404
    assert shop.put("kept", 62).status_code == 201
    assert shop.client.delete("/products/kept").status_code == 200


def failing_refresh(_gallery: Gallery, *, wait: bool = True) -> bool:
    raise OSError(28, "No space left on device")


def failing_utime(_path: Path) -> None:
    raise PermissionError(1, "Operation not permitted")


@pytest.mark.parametrize(
    ("failing", "by"),
    [
        ("app.gallery.gallery.Gallery.refresh", failing_refresh),
        ("app.gallery.storage.folder_storage.os.utime", failing_utime),
    ],
)
def test_what_fails_after_a_change_is_stored_is_not_told_as_if_nothing_was_changed(
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failing: str,
    by: Callable[..., object],
) -> None:
    assert shop.put("late", 63).status_code == 201
    with monkeypatch.context() as patch:
        patch.setattr(failing, by)
        replaced = shop.put("late", 64, title="New")
        assert (replaced.status_code, replaced.json()["title"]) == (200, "New"), replaced.text
        assert shop.client.get("/products/late").json() == replaced.json()
        assert shop.found(64)[0] == "late"
        gone = shop.client.delete("/products/late")
        assert gone.status_code == 200, gone.text
        assert "late" not in shop.found(64, k=100)
    assert shop.client.get("/products/late").status_code == 404
    assert "No space left on device" in caplog.text or "Operation not permitted" in caplog.text
    again = shop.put("late", 63)
    assert again.status_code == 201
    assert shop.client.delete("/products/late").json()["revision"] == gone.json()["revision"] + 2


def test_a_feed_whose_operation_cannot_be_read_back_is_accepted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_operations: ImportJobs, _operation_id: str) -> None:
        raise OperationalError("SELECT", {}, Exception("disk I/O error"))

    with monkeypatch.context() as patch:
        patch.setattr(ImportJobs, "get", fail)
        lines = b'{"id": "new", "title": "N", "image_link": "nothing.png"}'
        accepted = shop.client.post("/products/import", content=lines, headers={"Content-Type": "application/jsonl"})
    assert (accepted.status_code, accepted.json()["state"]) == (202, "queued"), accepted.text
    shop.finished(accepted)


def test_an_id_that_cannot_be(shop: Shop) -> None:
    refused(shop.put("a%01b", 1), 422, "invalid_product", "product id 'a\\x01b' is not usable")
    refused(shop.put("a%00b", 1), 422, "invalid_parameter", "product_id is 'a\\x00b': expected a text without NUL")
    refused(shop.client.get("/operations/%00"), 422, "invalid_parameter", "expected a text without NUL")


def test_a_feed_for_which_there_is_no_room_is_to_be_sent_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(SpooledTemporaryFile, "write", full)
    feeds: list[dict[str, Any]] = [
        {"files": {"feed": b"id\timage_link\n" * 100_000}},
        {"content": b"id\n", "headers": {"Content-Type": "text/csv"}},
    ]
    for sent in feeds:
        response = shop.client.post("/products/import", **sent)
        refused(response, 503, "not_stored", "(No space left on device)", "try again later")


def test_another_process_shows_a_change_within_a_second(shop: Shop) -> None:
    key = shop.client.headers["authorization"].split()[1]
    with opened(shop.gallery, key) as other:
        shop.put("seen", 60)
        time.sleep(1)
        assert "seen" in other.found(60, k=100)
        other.client.delete("/products/seen")
        time.sleep(1)
        assert "seen" not in shop.found(60, k=100)


def test_nothing_is_written_without_a_key(shop: Shop) -> None:
    for method, path in (
        ("PUT", "/products/a"),
        ("PATCH", "/products/a"),
        ("DELETE", "/products/boot-1"),
        ("POST", "/products/import"),
    ):
        response = httpx.request(method, f"{shop.client.base_url}{path}", content=json.dumps(METADATA), headers=JSON)
        refused(response, 401, "missing_key")

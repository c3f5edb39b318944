"""Tests of complete feeds, whose import removes what they lack, of dry runs, and of lists and cancels of imports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from app.ingest.import_progress import ImportProgress
from tests.support.photo_web import Web, web
from tests.support.sketch_files import refused
from tests.support.webhook_receiver import receiving
from tests.support.writable_server import Shop, opened, own_gallery, photo, wait_for

CSV = {"Content-Type": "text/csv"}


@pytest.fixture(scope="module")
def server() -> Iterator[Web]:
    with web() as served:
        served.answers = {f"/{n}.png": (200, {"ETag": f'"{n}"'}, photo(n)) for n in range(70, 80)}
        yield served


@pytest.fixture
def shop(tiny_gallery: Path, tmp_path: Path) -> Iterator[Shop]:
    gallery, key = own_gallery(tiny_gallery, tmp_path)
    with opened(gallery, key, allow_private_addresses=True) as served:
        yield served


def ids(shop: Shop) -> list[str]:
    """Return the ids of all products."""
    return [product["product_id"] for product in shop.client.get("/products").json()["products"]]


def feed_without(shop: Shop, server: Web, count: int, *more: str) -> str:
    """Return a feed of a new product, and of the gallery's except the first `count`. Their photos cannot be fetched."""
    lines = [f"{name},gone.png" for name in ids(shop)[count:]]
    return "\n".join(["id,image_link", *lines, f"n70,{server.url('/70.png')}", *more]) + "\n"


def import_feed(shop: Shop, text: str, **query: Any) -> dict[str, Any]:
    return shop.finished(shop.client.post("/products/import", content=text, headers=CSV, params=query))


def test_products_that_a_complete_feed_lacks_are_removed(shop: Shop, server: Web) -> None:
    before = ids(shop)
    done = import_feed(shop, feed_without(shop, server, 2), complete=True)
    assert (done["state"], done["added"], done["removed"], done["complete"]) == ("done", 1, 2, True)
    assert done["error_count"] == 10  # products whose photos fail are named by the feed all the same
    assert ids(shop) == sorted([*before[2:], "n70"])
    assert before[0] not in shop.found(1)
    assert import_feed(shop, feed_without(shop, server, 2))["removed"] == 0


def test_a_feed_that_lacks_too_much_changes_nothing(shop: Shop, server: Web) -> None:
    before, text = ids(shop), feed_without(shop, server, 3)
    for _ in range(2):  # the second time for the same reason
        failed = import_feed(shop, text, complete=True)
        assert (failed["state"], failed["added"], failed["removed"]) == ("failed", 0, 0)
        assert failed["message"].startswith("nothing was changed: the feed lacks 3 of 12 products (25 %), expected at")
        assert ids(shop) == before
    empty = import_feed(shop, "id,image_link\n", complete=True, max_removed=99)
    assert empty["state"] == "failed" and "lacks 12 of 12 products" in empty["message"]
    assert import_feed(shop, text, complete=True, max_removed=25)["removed"] == 3
    for value in (-1, 101, "nan"):
        answer = shop.client.post("/products/import", content=text, headers=CSV, params={"max_removed": value})
        refused(answer, 422, "invalid_parameter")


def test_lines_without_a_readable_id_are_few_in_a_complete_feed(shop: Shop, server: Web) -> None:
    failed = import_feed(shop, feed_without(shop, server, 1, "a,b,c,d"), complete=True)
    assert failed["state"] == "failed" and len(ids(shop)) == 12
    words = "nothing was changed: the product id of 1 of 13 entries cannot be read, expected at most 1% in a complete"
    assert failed["message"].startswith(words)
    many = [f"{ids(shop)[-1]},gone.png"] * 100
    assert import_feed(shop, feed_without(shop, server, 1, "a,b,c,d", *many), complete=True)["removed"] == 1


def test_an_import_that_stops_while_it_removes_goes_on(
    shop: Shop, server: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.ingest.import_worker._RETRY_SECONDS", 0.1)
    monkeypatch.setattr("app.ingest.pipeline.chunks", lambda names: ([name] for name in names))
    record, failures = ImportProgress.record_removed, iter([False, True, True])

    def fail_seldom(progress: ImportProgress, connection: Connection, count: int) -> None:
        record(progress, connection, count)
        if next(failures, False):
            raise OSError("power cut")  # before the commit

    monkeypatch.setattr(ImportProgress, "record_removed", fail_seldom)
    before, text = ids(shop), feed_without(shop, server, 4)
    done = import_feed(shop, text, complete=True, max_removed=50)
    assert next(failures, None) is None
    assert (done["state"], done["removed"], done["done"]) == ("done", 4, 9)
    assert ids(shop) == sorted([*before[4:], "n70"])


def test_a_product_that_changes_after_the_upload_stays(
    shop: Shop, server: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, *_ = ids(shop)
    run = ImportProgress.begin

    def change_first(progress: ImportProgress, total: int) -> None:
        assert shop.put(first, title="Changed").status_code == 200
        assert shop.put("new", 71).status_code == 201
        run(progress, total)

    monkeypatch.setattr(ImportProgress, "begin", change_first)
    text = feed_without(shop, server, 2)
    assert import_feed(shop, text, complete=True)["removed"] == 1
    assert {first, "new"} <= set(ids(shop)) and second not in ids(shop)


def test_a_dry_run_writes_nothing(shop: Shop, server: Web) -> None:
    real = import_feed(shop, f"id,title,image_link\nn71,T,{server.url('/71.png')}\n")
    before, asked = ids(shop), server.count()
    lines = [f"n71,T,{server.url('/71.png')}", f"n72,T,{server.url('/72.png')}", "n73,T,gone.png", "n74,T,ftp://x/y"]
    lines += [f"{before[0]},T,{server.url('/71.png')}", "x,y"]
    text = "id,title,image_link\n" + "\n".join(lines) + "\n"
    dry = import_feed(shop, text, dry_run=True)
    assert (real["dry_run"], dry["dry_run"], dry["state"], dry["done"]) == (False, True, "done", 6)
    assert (dry["added"], dry["updated"], dry["unchanged"], dry["error_count"]) == (1, 1, 1, 3)
    assert [error["where"] for error in dry["errors"]] == ["n73", "n74", "line 7"]
    removal = import_feed(shop, feed_without(shop, server, 2), dry_run=True, complete=True)
    assert (removal["state"], removal["removed"]) == ("done", 2)
    assert import_feed(shop, text, dry_run=True, complete=True)["message"].startswith("nothing was changed: the feed")
    assert ids(shop) == before and server.count() == asked


def test_imports_are_listed_newest_first(shop: Shop, server: Web) -> None:
    assert shop.client.get("/operations").json() == {"operations": [], "next": None}
    names = [import_feed(shop, f"id,image_link\nn,{n}.png\n")["id"] for n in range(5)]
    page = shop.client.get("/operations", params={"limit": 3}).json()
    assert [job["id"] for job in page["operations"]] == names[:1:-1] and page["next"] == names[2]
    assert page["operations"][0]["error_count"] == 1 and page["operations"][0]["errors"] == []
    rest = shop.client.get("/operations", params={"limit": 3, "after": page["next"]}).json()
    assert [job["id"] for job in rest["operations"]] == names[1::-1] and rest["next"] is None
    refused(shop.client.get("/operations?after=none"), 404, "not_found", "there is no operation 'none'")


def test_imports_are_cancelled(shop: Shop, server: Web) -> None:
    server.delay = 0.3
    lines = "\n".join(f"n{n},{server.url(f'/{70 + n % 10}.png')}" for n in range(40))
    posts = [shop.client.post("/products/import", content=f"id,image_link\n{lines}\n", headers=CSV) for _ in "ab"]
    running, queued = (post.headers["location"] for post in posts)
    for location in (queued, running):
        assert shop.client.post(f"{location}/cancel").json()["state"] == "cancelled"
    server.delay = 0
    done = import_feed(shop, f"id,image_link\nn71,{server.url('/71.png')}\n")
    assert done["state"] == "done"
    assert wait_for(shop.client, running)["state"] == wait_for(shop.client, queued)["state"] == "cancelled"
    assert not [name for name in ids(shop) if name in {f"n{n}" for n in range(32, 40)}]
    assert list((shop.gallery / "imports").iterdir()) == []
    assert shop.client.post(f"/operations/{done['id']}/cancel").json()["state"] == "done"
    refused(shop.client.post("/operations/none/cancel"), 404, "not_found")


def test_an_import_that_is_cancelled_before_it_fails_stays_cancelled(
    shop: Shop, server: Web, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    begin = ImportProgress.begin

    def cancel_and_begin(progress: ImportProgress, total: int) -> None:
        begin(progress, total)
        newest = shop.client.get("/operations").json()["operations"][0]
        shop.client.post(f"/operations/{newest['id']}/cancel")

    with monkeypatch.context() as patch:
        patch.setattr(ImportProgress, "begin", cancel_and_begin)
        assert import_feed(shop, "id,image_link\n", complete=True)["state"] == "cancelled"
    assert import_feed(shop, f"id,image_link\nn71,{server.url('/71.png')}\n")["state"] == "done"
    assert "is cancelled after" in caplog.text and "imports are paused" not in caplog.text


def test_the_webhook_is_told_of_the_end_of_an_import(tiny_gallery: Path, tmp_path: Path, server: Web) -> None:
    gallery, key = own_gallery(tiny_gallery, tmp_path)
    with receiving() as receiver:
        settings = {"import_webhook": receiver.url, "import_webhook_secret": "s3cret", "allow_private_addresses": True}
        with opened(gallery, key, **settings) as shop:
            done = import_feed(shop, f"id,image_link\nn71,{server.url('/71.png')}\nx,y.png\n")
            receiver.wait_for(1)
    told = json.loads(receiver.received[0][1])
    assert (told["id"], told["state"], told["added"], told["problems"]) == (done["id"], "done", 1, 1)

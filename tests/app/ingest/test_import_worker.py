"""Tests of feed imports beside searches, and of imports that a second server resumes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.catalogue.import_jobs import FeedProblem, ImportCounts
from app.decoding.decoder_process import Answer, DecoderProcess
from app.decoding.worker_pool import DecoderPool
from app.gallery.layout import CATALOGUE_FILE
from app.ingest.import_progress import ImportProgress
from app.observability.metrics import Metrics
from tests.support.photo_web import Web, web
from tests.support.sketch_files import refused
from tests.support.writable_server import Shop, opened, own_gallery, photo, too_busy, too_costly, wait_for

CSV = {"Content-Type": "text/csv"}


@pytest.fixture(scope="module")
def server() -> Iterator[Web]:
    with web() as served:
        served.answers = {f"/{n}.png": (200, {"ETag": f'"{n}"'}, photo(n)) for n in range(70, 80)}
        yield served


@pytest.fixture(scope="module")
def shop(tiny_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    gallery, key = own_gallery(tiny_gallery, tmp_path_factory.mktemp("imports"))
    with opened(gallery, key, allow_private_addresses=True, max_feed_bytes=100_000) as served:
        yield served


def feed_of(server: Web, *numbers: int, title: str = "T") -> str:
    lines = [f"n{n},{title} {n},Imported,{server.url(f'/{n}.png')}" for n in numbers]
    return "\n".join(["id,title,product_type,image_link", *lines]) + "\n"


def import_feed(shop: Shop, text: str) -> dict[str, Any]:
    return shop.finished(shop.client.post("/products/import", content=text, headers=CSV))


def test_a_feed_is_imported_and_again_only_what_changed(shop: Shop, server: Web) -> None:
    done = import_feed(shop, feed_of(server, 70, 71) + "n72,,,gone.png\nn73,,,ftp://x/y\n,,,x\n")
    assert (done["state"], done["total"], done["done"], done["added"], done["error_count"]) == ("done", 5, 5, 2, 3)
    assert [error["where"] for error in done["errors"]] == ["n72", "n73", "line 6"]
    assert [error["kind"] for error in done["errors"]] == ["photo", "photo", "entry"]
    counted = shop.client.get("/metrics").text
    assert 'sketchfind_imports_total{outcome="done"} 1.0' in counted
    assert 'sketchfind_import_errors_total{kind="photo"} 2.0' in counted
    assert "expected http:// or https:// in an uploaded feed" in done["errors"][0]["reason"]
    assert shop.found(70, category="Imported") == ["n70", "n71"]
    assert list((shop.gallery / "imports").iterdir()) == []
    asked = server.count()["/70.png"]
    again = import_feed(shop, feed_of(server, 70, 71))
    assert (again["added"], again["updated"], again["unchanged"]) == (0, 0, 2)
    assert server.asked[-1][1]["if-none-match"].startswith('"7') and server.count()["/70.png"] == asked + 1
    words = import_feed(shop, feed_of(server, 70, title="Other"))
    assert (words["updated"], shop.client.get("/products/n70").json()["title"]) == (1, "Other 70")
    assert shop.client.get("/products/n71").json()["title"] == "T 71"


def test_a_photo_that_cannot_be_had_for_now_stays_as_it_was(shop: Shop, server: Web) -> None:
    assert import_feed(shop, feed_of(server, 74))["added"] == 1
    good, server.answers["/74.png"] = server.answers["/74.png"], (404, {}, b"")
    done = import_feed(shop, feed_of(server, 74, title="New"))
    assert (done["updated"], done["error_count"]) == (1, 1) and "answers 404" in done["errors"][0]["reason"]
    assert shop.found(74, category="Imported")[0] == "n74"
    server.answers["/74.png"] = good


def test_errors_come_in_pages_of_which_the_first_is_the_answer(shop: Shop) -> None:
    answer = shop.client.post("/products/import", content="id,price,image_link\n" + "n,cheap,x\n" * 1200, headers=CSV)
    done = shop.finished(answer)
    assert (done["error_count"], len(done["errors"]), done["errors_next"]) == (1200, 100, 100)
    seen, after = done["errors"], 100
    while after is not None:
        page = shop.client.get(answer.headers["location"], params={"after": after, "limit": 300}).json()
        assert len(page["errors"]) <= 300 and page["error_count"] == 1200
        seen, after = seen + page["errors"], page["errors_next"]
    assert [error["where"] for error in seen] == [f"line {number}" for number in range(2, 1002)]
    assert shop.client.get(answer.headers["location"], params={"after": 5000}).json()["errors"] == []
    for query, words in (("limit=0", "at least 1"), ("limit=1001", "at most 1000"), ("after=-1", "at least 0")):
        refused(shop.client.get(f"{answer.headers['location']}?{query}"), 422, "invalid_parameter", words)


def test_what_is_kept_of_errors_is_little(tmp_path: Path) -> None:
    catalogue = Catalogue(sqlite_url(tmp_path / CATALOGUE_FILE))
    operation = catalogue.operations.add("a")
    progress = ImportProgress(catalogue.operations, operation, Metrics())
    for number in range(2000):
        progress.add_problem(FeedProblem(f"line {number}", "\u20ac" * 1_000_000))
    progress.set_counts(ImportCounts(done=2000, problems=2000))
    progress.interrupt("x" * 1_000_000)
    stored = catalogue.operations.get_existing("a")
    assert 10 < len(stored.errors) < 1000 and len(stored.message or "") == 2000
    assert [error.where for error in stored.errors] == [f"line {number}" for number in range(len(stored.errors))]
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    resumed = ImportProgress(catalogue.operations, stored, Metrics())
    resumed.add_problem(FeedProblem("line 2000", "short, but not among the first"))
    for done in range(100):
        resumed.set_counts(ImportCounts(done=done))
        resumed.record("running")
    assert catalogue.operations.get_existing("a").errors == stored.errors
    catalogue.close()
    assert size < 2**20 and sum(path.stat().st_size for path in tmp_path.iterdir()) < 2**20


def test_an_import_of_which_nothing_is_usable_has_failed(
    shop: Shop, server: Web, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "app.ingest.import_progress"):
        failed = import_feed(shop, "id,price,image_link\na,cheap,x\nb,dear,x\nc,,x.png\n")
        partly = import_feed(shop, feed_of(server, 73) + "n99,,,x.png\nn98,,,x.png\n")
        same = import_feed(shop, feed_of(server, 73) + "n99,,,x.png\n")
    assert (failed["state"], failed["error_count"], len(failed["errors"])) == ("failed", 3, 3)
    words = "nothing was changed: 3 of 3 entries gave no product (2 x line 2: price 'cheap'"
    assert failed["message"].startswith(words)
    assert "1 x c: image_link 'x.png' is a file" in failed["message"]
    # half of the last feed is unchanged, so it has not failed
    assert (partly["state"], partly["added"], same["state"]) == ("done", 1, "done")
    lines = [line for line in caplog.messages if failed["id"] in line]
    name = f"import {failed['id']}"
    begin, end = lines
    assert begin == f"{name} begins at entry 1 of 3"
    assert re.fullmatch(rf"{name} failed after [\d.]+ s: {re.escape(failed['message'])}", end)
    ended = [line for line in caplog.messages if partly["id"] in line][-1]
    assert re.search(r"is done after [\d.]+ s: 1 added", ended)
    assert "s: 1 added, 0 updated, 0 unchanged, 2 problems (2 x n99: image_link 'x.png' is a file" in ended


def test_photos_that_take_too_much_are_told_and_the_rest_is_imported(
    shop: Shop, server: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DecoderPool, "request", too_costly(photo(77)))
    done = import_feed(shop, feed_of(server, 77, 78))
    assert (done["state"], done["added"], done["error_count"]) == ("done", 1, 1)
    assert done["errors"][0]["where"] == "n77" and "a great deal" in done["errors"][0]["reason"]


def test_an_import_goes_on_once_there_is_time_to_decode(
    shop: Shop, server: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.ingest.import_worker._RETRY_SECONDS", 0.1)
    monkeypatch.setattr(DecoderPool, "request", too_busy(photo(79), 2))
    done = import_feed(shop, feed_of(server, 79))
    assert (done["state"], done["added"], done["error_count"]) == ("done", 1, 0)


def test_a_photo_whose_decoder_was_killed_is_imported(shop: Shop, server: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange, kills = DecoderProcess.exchange, iter([True])

    def kill_first(process: DecoderProcess, header: bytes, data: bytes, seconds: float) -> Answer:
        if next(kills, False):
            process.kill()
        return exchange(process, header, data, seconds)

    monkeypatch.setattr(DecoderProcess, "exchange", kill_first)
    done = import_feed(shop, feed_of(server, 72))
    assert (done["state"], done["added"], done["errors"]) == ("done", 1, [])
    assert next(kills, None) is None


def test_files_come_as_forms_too(shop: Shop, server: Web) -> None:
    text = f"<rss><item><id>n75</id><image_link>{server.url('/75.png')}</image_link></item></rss>"
    done = shop.finished(shop.client.post("/products/import", files={"feed": ("feed.xml", text.encode())}))
    assert (done["state"], done["added"]) == ("done", 1)


@pytest.mark.parametrize(
    ("end", "reason"),
    [(b"\xff", "byte 0xff in line 3 is not UTF-8"), (b"", "")],
)
def test_a_feed_that_cannot_be_read_fails_and_changes_nothing(shop: Shop, server: Web, end: bytes, reason: str) -> None:
    start = feed_of(server, 76).encode() if reason else b"\x1f\x8b\x08"
    failed = shop.finished(shop.client.post("/products/import", content=start + end, headers=CSV))
    assert failed["state"] == "failed" and (reason or "is compressed (gzip)") in failed["message"]
    assert (failed["done"], failed["added"]) == (0, 0)
    assert shop.client.get("/products/n76").status_code == 404
    assert list((shop.gallery / "imports").iterdir()) == []


def test_what_is_refused(shop: Shop) -> None:
    def post(**request: Any) -> Any:
        return shop.client.post("/products/import", **request)

    refused(post(content=b"", headers=CSV), 400, "empty_body")
    refused(post(files={"feed": ("f.csv", b"")}), 400, "empty_body", "'feed' is empty")
    refused(post(files={"photo": ("f.csv", b"x")}), 422, "invalid_parameter", "'feed' is missing", "'photo'")
    refused(post(files={"feed": (None, b"x")}), 422, "invalid_parameter", "'feed' is missing")
    refused(post(content=b"x", headers={"Content-Type": "image/png"}), 415, "unsupported_media_type", "'image/png'")
    refused(post(content=b"x", headers={**CSV, "Content-Encoding": "gzip"}), 415, "unsupported_media_type")
    refused(post(content=b"x" * 200_000, headers=CSV), 413, "body_too_large", "100000")
    refused(post(content=iter([b"x" * 60_000] * 2), headers=CSV), 413, "body_too_large", "100000")
    refused(post(files={"feed": ("f.csv", b"x" * 200_000)}), 413, "body_too_large")
    headers = {"Content-Type": "multipart/form-data; boundary=a"}
    refused(post(content=b"garbage", headers=headers), 400, "bad_multipart")
    refused(shop.client.get("/operations/none"), 404, "not_found", "there is no operation 'none'")


def test_a_search_does_not_wait_for_an_import(shop: Shop, server: Web) -> None:
    server.delay = 0.5
    response = shop.client.post("/products/import", content=feed_of(server, *range(70, 80), title="Slow"), headers=CSV)
    location = response.headers["location"]
    assert shop.found(3)[0] == "pump-2"
    assert shop.put("beside", 90).status_code == 201
    assert shop.client.get(location).json()["state"] in ("queued", "running")
    server.delay = 0
    assert wait_for(shop.client, location)["state"] == "done"


def test_an_import_goes_on_with_the_next_server(
    tiny_gallery: Path, tmp_path: Path, server: Web, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "app.ingest.import_progress")
    gallery, key = own_gallery(tiny_gallery, tmp_path)
    server.delay = 0.3
    with opened(gallery, key, allow_private_addresses=True) as first:
        response = first.client.post("/products/import", content=feed_of(server, *range(70, 80)), headers=CSV)
        location = response.headers["location"]
    server.delay = 0
    catalogue = Catalogue(sqlite_url(gallery / CATALOGUE_FILE))
    left = catalogue.operations.unfinished()
    catalogue.close()
    assert [f"/operations/{operation.id}" for operation in left] == [location]
    assert re.fullmatch(rf"import {left[0].id} is interrupted after entry \d+ of (10|None)", caplog.messages[-1])
    with opened(gallery, key, allow_private_addresses=True) as second:
        done = wait_for(second.client, location)
        assert (done["state"], done["added"], done["total"]) == ("done", 10, 10)
        assert len(second.found(70, category="Imported")) == 10


def test_two_servers_do_one_import_once(tiny_gallery: Path, tmp_path: Path, server: Web) -> None:
    gallery, key = own_gallery(tiny_gallery, tmp_path)
    before = server.count()
    with (
        opened(gallery, key, allow_private_addresses=True) as first,
        opened(gallery, key, allow_private_addresses=True) as other,
    ):
        text = feed_of(server, 70, 71)
        posts = [shop.client.post("/products/import", content=text, headers=CSV) for shop in (first, other)]
        done = [wait_for(other.client, post.headers["location"]) for post in posts]
    assert [operation["added"] for operation in done] == [2, 0]
    assert (server.count() - before)["/70.png"] == 2


def test_what_is_left_of_uploads_is_removed(tmp_path: Path, tiny_gallery: Path) -> None:
    gallery, key = own_gallery(tiny_gallery, tmp_path)
    (gallery / "imports").mkdir()
    for name in ("never.feed", "half.feed.1-2.partial"):
        (gallery / "imports" / name).write_text("id,image_link\n")
    with opened(gallery, key):
        pass
    assert list((gallery / "imports").iterdir()) == []

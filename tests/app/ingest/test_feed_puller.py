"""Tests of a feed that servers fetch by URL on a schedule."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.catalogue.feed_schedule import FeedCheck, FeedSchedule
from app.gallery.layout import CATALOGUE_FILE
from tests.support.photo_web import Web, web
from tests.support.small_galleries import open_catalogue
from tests.support.writable_server import Shop, opened, own_gallery, photo


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.ingest.feed_puller._POLL_INTERVAL", 0.05)


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as served:
        served.answers = {f"/{n}.png": (200, {}, photo(n)) for n in (70, 71)}
        yield served


def set_feed(server: Web, etag: str, *lines: str) -> None:
    """Set the feed that the server has."""
    server.answers["/feed"] = (200, {"ETag": etag}, "\n".join(["id,image_link", *lines, ""]).encode())


def wait_until(is_true: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + 30
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def checks(shop: Shop, outcome: str) -> bool:
    """Return whether the shop's server has counted one check with an outcome."""
    return f'sketchfind_feed_checks_total{{outcome="{outcome}"}} 1.0' in shop.client.get("/metrics").text


def states(shop: Shop) -> list[str]:
    """Return the states of all imports, newest first."""
    return [job["state"] for job in shop.client.get("/operations").json()["operations"]]


def wait_for_states(shop: Shop, *expected: str) -> None:
    """Wait until all imports, newest first, have these states."""
    wait_until(lambda: states(shop) == list(expected))


def wait_for_failures(schedule: FeedSchedule, count: int) -> None:
    """Wait until so many checks in a row have failed."""
    wait_until(lambda: schedule.read().failures == count)


def check_again(gallery: Path, server: Web) -> None:
    """Make the feed due."""
    with closing(Catalogue(sqlite_url(gallery / CATALOGUE_FILE))) as catalogue:
        schedule = FeedSchedule(catalogue, server.url("/feed"))
        schedule.record(replace(schedule.read(), next_at=0.0))


def test_a_feed_is_imported_when_it_has_changed(tiny_gallery: Path, tmp_path: Path, server: Web) -> None:
    gallery, key = own_gallery(tiny_gallery, tmp_path)
    settings = {"feed_url": server.url("/feed"), "feed_complete": True, "allow_private_addresses": True}
    with opened(gallery, key, **settings) as shop:
        others = [f"{product['product_id']},x.png" for product in shop.client.get("/products").json()["products"]]
        wait_until(lambda: checks(shop, "failed"))  # there is no feed yet
        set_feed(server, '"1"', f"n70,{server.url('/70.png')}", *others)
        check_again(gallery, server)
        wait_for_states(shop, "done")
        check_again(gallery, server)
        wait_until(lambda: checks(shop, "unchanged"))
        assert states(shop) == ["done"] and shop.client.get("/products/n70").status_code == 200
        set_feed(server, '"2"', f"n71,{server.url('/71.png')}", *others)
        check_again(gallery, server)
        wait_for_states(shop, "done", "done")
        assert [shop.client.get(f"/products/{name}").status_code for name in ("n70", "n71")] == [404, 200]
        set_feed(server, '"3"', f"n71,{server.url('/71.png')}")
        for count in (1, 2):  # a failed import is done again, although the feed has not changed
            check_again(gallery, server)
            wait_for_states(shop, *["failed"] * count, "done", "done")


def test_one_server_of_two_fetches_the_feed(tiny_gallery: Path, tmp_path: Path, server: Web) -> None:
    gallery, key = own_gallery(tiny_gallery, tmp_path)
    set_feed(server, '"1"', f"n70,{server.url('/70.png')}")
    server.delay = 0.2
    settings = {"feed_url": server.url("/feed"), "allow_private_addresses": True}
    with opened(gallery, key, **settings) as first, opened(gallery, key, **settings):
        wait_for_states(first, "done")
        time.sleep(0.3)
    assert server.count()["/feed"] == 1


def test_a_feed_that_cannot_be_fetched_is_tried_again_later(
    tiny_gallery: Path, tmp_path: Path, server: Web, caplog: pytest.LogCaptureFixture
) -> None:
    gallery, key = own_gallery(tiny_gallery, tmp_path)
    url = server.url("/feed?secret=7")
    with opened(gallery, key, feed_url=url, feed_every=3) as shop:  # without private addresses
        with closing(Catalogue(sqlite_url(gallery / CATALOGUE_FILE))) as catalogue:
            schedule = FeedSchedule(catalogue, url)
            for failures, pause in ((1, 60), (2, 120), (3, 180), (4, 180)):
                wait_for_failures(schedule, failures)
                assert abs(schedule.read().next_at - time.time() - pause) < 5
                schedule.record(replace(schedule.read(), next_at=0.0))
        assert states(shop) == [] and server.asked == []
    lines = [line for line in caplog.messages if line.startswith("the feed cannot be fetched, next try in 60 s")]
    assert len(lines) == 1 and "which is not of the public internet" in lines[0]
    assert "secret" not in caplog.text


def test_a_due_check_is_claimed_once(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    first, second = (FeedSchedule(catalogue, "http://x/y") for _ in range(2))
    assert first.read() == FeedCheck() and first.claim(60) and not second.claim(60)
    first.record(FeedCheck(time.time() - 1, 2, "e", "m", "job"))
    assert second.read().job_id == "job" and second.claim(60) and not first.claim(60)
    assert FeedSchedule(catalogue, "http://x/z").claim(60)
    catalogue.close()

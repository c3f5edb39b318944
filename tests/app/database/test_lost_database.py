"""A database server that is away: searches continue from memory, all else is refused, and /readyz says so."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from app.catalogue.catalogue import Catalogue
from app.gallery.layout import GalleryLocation
from app.main import create_app
from app.serving.service import Service
from app.settings import load_settings
from index_builder.gallery.build import build
from tests.conftest import running as served
from tests.support.postgres import Postgres, PostgresMissingError
from tests.support.postgres import running as running_postgres
from tests.support.sketch_files import JSON, refused, strokes_body
from tests.support.small_galleries import local_snapshot


@pytest.fixture
def server() -> Iterator[Postgres]:
    """Start a server of this test alone, since it is stopped."""
    try:
        with running_postgres() as started:
            yield started
    except PostgresMissingError as error:
        pytest.fail(str(error)) if os.environ.get("CI") else pytest.skip(str(error))


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_copied(service: Service) -> bool:
    retriever = service.runtime.retriever
    return not retriever.product_cache.missing(local_snapshot(retriever.gallery).live_revisions().tolist())


def write_key(url: str) -> str:
    with closing(Catalogue(url)) as catalogue:
        return catalogue.keys.add("writer", "write")


def check_hanging_server(
    server: Postgres, client: httpx.Client, search: Callable[[], httpx.Response], expected: list[object], key: str
) -> None:
    """Check that requests which wait for a hanging server are answered, and that later ones do not wait."""

    def write() -> httpx.Response:
        return client.patch("/products/7", json={"title": "Boot"}, headers={"Authorization": f"Bearer {key}"})

    assert write().status_code in (200, 404)
    server.pause()
    try:
        with ThreadPoolExecutor() as threads:
            waiting = [threads.submit(request) for request in (search, write, lambda: client.get("/facets"))]
        assert waiting[0].result().json()["results"] == expected
        refused(waiting[1].result(), 503, "no_database")
        refused(waiting[2].result(), 503, "no_database")
        assert client.get("/readyz").json()["status"] == "degraded"
        began = time.monotonic()
        assert search().json()["results"] == expected
        for _ in range(20):  # more than there are connections
            refused(write(), 503, "no_database")
        assert time.monotonic() - began < 10
    finally:
        server.resume()
    wait_until(lambda: client.get("/readyz").json()["status"] == "ready")
    assert search().json()["results"] == expected and write().status_code in (200, 404)


def test_searches_continue_from_memory_while_the_database_is_away(
    server: Postgres, tmp_path: Path, feed: Path, tiny_checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    url, directory = server.place(), tmp_path / "gallery"
    build(feed, GalleryLocation(directory, url), tiny_checkpoint)
    app = create_app(load_settings(gallery=directory, catalogue=url, device="cpu", search_rate=0))
    with served(app) as address, httpx.Client(base_url=address, timeout=30) as client:

        def search(query: str = "") -> httpx.Response:
            return client.post(f"/search{query}", content=strokes_body(), headers=JSON)

        wait_until(lambda: is_copied(app.state.service))  # before any search
        assert client.get("/readyz").json() == {"status": "ready", "database": "up", "photos": "up"}
        server.stop()
        wait_until(lambda: client.get("/readyz").json() == {"status": "degraded", "database": "away", "photos": "up"})
        assert "sketchfind_database_up 0.0" in client.get("/metrics").text
        lost = search()
        assert lost.status_code == 200 and len(lost.json()["results"]) == 12
        assert search("?in_stock=true").json()["results"] == lost.json()["results"]
        refused(search("?category=Shoes"), 503, "no_database")
        refused(search("?q=red"), 503, "no_database")
        refused(client.post("/search?q=red"), 503, "no_database")
        refused(client.get("/facets"), 503, "no_database")
        assert client.get("/").status_code == client.get("/healthz").status_code == 200
        server.start()
        wait_until(lambda: client.get("/readyz").json()["status"] == "ready")
        again = search()
        assert again.json()["results"] == lost.json()["results"]
        assert search("?category=Shoes").status_code == client.get("/facets").status_code == 200
        check_hanging_server(server, client, search, again.json()["results"], write_key(url))
    words = [line.getMessage() for line in caplog.records if "the database is" in line.getMessage()]
    assert len(words) == 4 and words[0].startswith("the database is away, and searches continue from memory: ")
    assert words[1].startswith("the database is back after ")

"""Another process has the write lock and does not give it back: writers are told in time, and nobody else notices."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.asgi.errors import UnexpectedErrors, install_error_handlers
from app.core.wait_budget import waiting_at_most
from app.database.mutations import claim_revisions
from app.gallery.gallery import Gallery
from app.gallery.layout import CATALOGUE_FILE
from tests.app.api.test_errors import call
from tests.support.sketch_files import JSON, refused, strokes_body
from tests.support.small_galleries import open_catalogue, products, small_checkpoint, vectors
from tests.support.writable_server import Shop, opened, own_gallery

BOUND = 1.5  # s that writers wait in all, in these tests


@pytest.fixture
def shop(tiny_gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr("app.ingest.gallery_writer.WRITE_TIMEOUT", BOUND)
    monkeypatch.setattr("app.database.engine.WRITE_TIMEOUT", BOUND)
    gallery, key = own_gallery(tiny_gallery, tmp_path)
    with opened(gallery, key) as opened_shop:
        yield opened_shop


@contextmanager
def locked(gallery: Path) -> Iterator[None]:
    """Hold the write lock, as a process that is stopped in the middle of a write does."""
    with closing(sqlite3.connect(gallery / CATALOGUE_FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def timed(ask: Callable[[], httpx.Response]) -> tuple[httpx.Response, float]:
    """Send a request. Return the response and the seconds that it took."""
    started = time.monotonic()
    return ask(), time.monotonic() - started


def test_all_writers_are_told_by_one_deadline_and_readers_are_answered(shop: Shop) -> None:
    lines = '{"id": "new", "title": "N", "image_link": "nothing.png"}'
    started = shop.client.post("/products/import", content=lines, headers={"Content-Type": "application/jsonl"})
    shop.finished(started)
    reads: list[Callable[[], httpx.Response]] = [
        lambda: shop.client.get(started.headers["location"]),
        lambda: shop.client.get("/readyz"),
        lambda: shop.client.get("/facets"),
        lambda: shop.client.post("/search", content=strokes_body(), headers=JSON),
    ]
    with ThreadPoolExecutor(60) as pool, locked(shop.gallery):
        puts = [
            pool.submit(timed, lambda n=n: shop.client.put("/products/boot-1", json={"title": str(n)}))  # type: ignore[misc]
            for n in range(8)
        ]
        time.sleep(0.2)
        asked = [pool.submit(timed, read) for read in reads * 8]
        for response, _ in [future.result() for future in asked]:
            assert response.status_code == 200, response.text
        assert not any(put.done() and put.result()[0].status_code == 200 for put in puts)
        for response, seconds in [future.result() for future in puts]:
            assert response.json()["error"]["code"] in ("busy", "no_database")
            refused(response, 503, response.json()["error"]["code"], "nothing was changed", "try again")
            assert response.headers["retry-after"] == "10"
            assert seconds < 4 * BOUND  # it was up to 8 times that when two writers waited one after the other
    assert shop.client.put("/products/boot-1", json={"title": "after"}).status_code == 200


def test_a_gallery_opens_while_another_process_writes(tmp_path: Path) -> None:
    open_catalogue(tmp_path).put(products("ab"), vectors(2))
    with locked(tmp_path), waiting_at_most(0.1):
        gallery = Gallery.open(tmp_path, small_checkpoint())
        assert gallery.size == 2
        assert gallery.catalogue.operations.unfinished() == []
        gallery.close()


def test_waits_of_one_piece_of_work_are_bounded_together(directory: Path) -> None:
    writer, other = open_catalogue(directory), open_catalogue(directory)
    with other._writing.begin() as connection:
        claim_revisions(connection, 1)
        started = time.monotonic()
        with waiting_at_most(0.3):
            for _ in range(3):
                with pytest.raises(OperationalError):
                    writer.put(products("a"), vectors(1))
        assert 0.3 <= time.monotonic() - started < 20
    writer.put(products("a"), vectors(1))


def test_readers_have_their_connections_however_many_writers_wait(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)

    def write() -> None:
        with waiting_at_most(1.0), pytest.raises(OperationalError):
            catalogue.put(products("a"), vectors(1))

    with ThreadPoolExecutor(40) as pool, locked(tmp_path):
        writers = [pool.submit(write) for _ in range(12)]
        time.sleep(0.1)
        started = time.monotonic()
        assert [reader.result() for reader in [pool.submit(catalogue.revision) for _ in range(25)]] == [0] * 25
        assert time.monotonic() - started < 10
        for writer in writers:
            writer.result()


def test_too_few_connections_are_no_fault_of_the_server() -> None:
    app = FastAPI()
    install_error_handlers(app)
    app.add_middleware(UnexpectedErrors)

    @app.get("/read")
    def read() -> None:
        raise PoolTimeoutError("QueuePool limit of size 5 overflow 10 reached")

    response = call(app, "GET", "/read")
    refused(response, 503, "busy", "all connections to the database are in use")
    assert response.headers["retry-after"] == "10"

"""Reads of the database that answer a request end in time, with their client, and with the server."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.catalogue.catalogue import Catalogue
from app.catalogue.catalogue_view import CatalogueView
from app.database.read_limits import ReadAbandonedError, ReadLimits, ReadTimeoutError, unlimited
from app.gallery.gallery import Gallery
from app.products.filters import Filters
from app.search.results import Query
from app.search.retriever import Retriever
from model.checkpoint import load_checkpoint
from tests.app.test_shutdown import connect
from tests.conftest import serving
from tests.support.server_process import server_process
from tests.support.sketch_files import refused, strokes_body
from tests.support.small_galleries import open_catalogue, products, vectors

_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
_SHORT = _ENDLESS.replace("FROM n)", "FROM n WHERE i < 100000)")


def read(catalogue: Catalogue, sql: str) -> object:
    with catalogue.moment() as connection:
        return connection.execute(text(sql)).scalar()


@pytest.fixture
def catalogue(directory: Path) -> Catalogue:
    catalogue = open_catalogue(directory)
    catalogue.put(products("abc"), vectors(3))
    return catalogue


def watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "read limits"]


def test_a_read_that_takes_too_long_is_interrupted(catalogue: Catalogue) -> None:
    limits, started = ReadLimits(0.2), time.monotonic()
    with limits.limited(), pytest.raises(ReadTimeoutError, match=r"within 0\.2 s"):
        read(catalogue, _ENDLESS)
    assert 0.2 <= time.monotonic() - started < 10
    with limits.limited():
        assert catalogue.facets().size == catalogue.size() == 3
    catalogue.delete(["a"])
    assert catalogue.size() == 2


def test_a_read_that_nobody_waits_for_is_interrupted(catalogue: Catalogue) -> None:
    abandoned = threading.Event()
    threading.Timer(0.2, abandoned.set).start()
    with ReadLimits(60).limited(abandoned.is_set), pytest.raises(ReadAbandonedError):
        read(catalogue, _ENDLESS)
    with ReadLimits(60).limited():
        assert read(catalogue, _SHORT) == 100_000


def test_a_read_ends_soon_when_the_server_stops(catalogue: Catalogue) -> None:
    limits = ReadLimits(60)
    threading.Timer(0.2, limits.stop).start()
    with limits.limited(), pytest.raises(ReadTimeoutError, match="within 1 s"):
        read(catalogue, _ENDLESS)


def test_other_reads_have_no_limit(catalogue: Catalogue) -> None:
    with ReadLimits(0).limited():
        with unlimited():
            assert read(catalogue, _SHORT) == 100_000
        with catalogue.transaction() as connection:
            assert connection.execute(text("SELECT 1")).scalar() == 1
    assert read(catalogue, _SHORT) == 100_000


def test_nothing_is_watched_when_nothing_is_read(catalogue: Catalogue) -> None:
    with ReadLimits(60).limited(), catalogue.moment() as connection:
        assert watchers()
        connection.invalidate()
    deadline = time.monotonic() + 10
    while watchers():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Slow:
    """A read that never ends by itself, and the errors that ended it."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.ended: list[Exception] = []

    def __call__(self, source: Catalogue | CatalogueView, filters: Filters) -> Any:
        self.begun.set()
        try:
            if isinstance(source, CatalogueView):
                return source._connection.execute(text(_ENDLESS)).scalar()
            return read(source, _ENDLESS)
        except Exception as error:
            self.ended.append(error)
            raise

    def wait_for_end(self) -> Exception:
        deadline = time.monotonic() + 10
        while not self.ended:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return self.ended[0]


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch, slow: Slow) -> Iterator[None]:
    monkeypatch.setattr(Catalogue, "facets", lambda catalogue, filters, grouping: slow(catalogue, filters))
    monkeypatch.setattr(CatalogueView, "matching", lambda view, filters: slow(view, filters))
    yield


@pytest.mark.usefixtures("patched")
def test_a_request_is_told_that_its_read_took_too_long(tiny_gallery: Path) -> None:
    with serving(tiny_gallery, search_timeout=0.3) as url:
        answer = httpx.get(f"{url}/facets", timeout=30)
        refused(answer, 503, "too_late", "the database has not answered within 0.3 s", "fewer filters")
        assert answer.headers["Retry-After"] == "10"
        assert httpx.get(f"{url}/categories", timeout=30).status_code == 200


@pytest.mark.usefixtures("patched")
@pytest.mark.parametrize("asked", ["GET /facets", "POST /search?color=red"])
def test_the_read_of_a_client_that_leaves_is_interrupted(tiny_gallery: Path, slow: Slow, asked: str) -> None:
    body = strokes_body() if asked.startswith("POST") else b""
    head = f"{asked} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with serving(tiny_gallery, search_timeout=60) as url:
        with connect(url) as connection:
            connection.sendall(head.encode() + body)
            assert slow.begun.wait(30)
        assert isinstance(slow.wait_for_end(), ReadAbandonedError)


def test_a_read_for_several_searches_goes_on_as_long_as_one_waits(
    tiny_gallery: Path, monkeypatch: pytest.MonkeyPatch, slow: Slow
) -> None:
    checkpoint = load_checkpoint(tiny_gallery / "checkpoint.safetensors")
    gallery = Gallery.open(tiny_gallery, checkpoint)
    monkeypatch.setattr(CatalogueView, "matching", lambda view, filters: slow(view, filters))
    retriever = Retriever(checkpoint, gallery, device="cpu")
    waits = [threading.Event(), threading.Event()]
    frame = checkpoint.preprocess.strokes([[[0, 0], [100, 100]]])
    filters = Filters(colors=("red",))
    asked = [Query([frame], 1, filters, is_abandoned=event.is_set) for event in waits]
    threading.Timer(0.3, waits[0].set).start()
    threading.Timer(0.9, waits[1].set).start()
    started = time.monotonic()
    with ReadLimits(60).limited(), pytest.raises(ReadAbandonedError):
        retriever.search_all(asked)
    assert time.monotonic() - started >= 0.9
    gallery.close()


def read_facets_endlessly() -> None:
    """Let the server's facets take for ever, and print a line when they begin."""

    def slow(catalogue: Catalogue, *_: object) -> None:
        with catalogue.moment() as connection:
            print("reads", flush=True)
            connection.execute(text(_ENDLESS))

    pytest.MonkeyPatch().setattr(Catalogue, "facets", slow)


def test_a_server_that_stops_waits_for_no_read(tiny_gallery: Path) -> None:
    answers: list[httpx.Response] = []
    settings = {"SKETCHFIND_SEARCH_TIMEOUT": "600"}
    with server_process(tiny_gallery, read_facets_endlessly, settings=settings) as (server, url):
        asking = threading.Thread(target=lambda: answers.append(httpx.get(f"{url}/facets", timeout=60)))
        asking.start()
        assert server.output.readline() == "reads\n"
        server.send_signal(signal.SIGTERM)
        assert server.wait(25) == 0
        asking.join()
    refused(answers[0], 503, "too_late", "within 1 s")

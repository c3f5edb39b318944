"""A catalogue on a PostgreSQL server: several servers and writers at once, and passwords that stay secret."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest
from fastapi import FastAPI
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from app.asgi.errors import install_error_handlers
from app.catalogue.catalogue import Catalogue
from app.database.errors import CatalogueError
from app.database.mutations import claim_revisions
from app.gallery.gallery import Gallery
from app.gallery.layout import GalleryLocation
from app.search.retriever import Retriever
from app.serving.service import Service
from app.settings import load_settings
from index_builder.gallery.build import build
from tests.app.api.test_errors import call
from tests.support.embedding_searches import search_embeddings
from tests.support.photo_web import web
from tests.support.postgres import Postgres
from tests.support.sketch_files import refused
from tests.support.small_galleries import (
    URL_FILE,
    close_catalogues,
    open_catalogue,
    small_checkpoint,
    url_of,
    vectors,
    with_photos,
)
from tests.support.writable_server import opened, photo, wait_for

# without torch, which takes seconds to import
WRITER = """
import sys
import numpy as np
from app.catalogue.catalogue import Catalogue
from app.products.product import Photo, Product
number, catalogue, random = int(sys.argv[2]), Catalogue(sys.argv[1]), np.random.default_rng(int(sys.argv[2]))
for turn in range(15):
    photos = tuple(Photo(f"{number} {turn} {n}", "source") for n in range(1 + turn % 3))
    names = [f"w{number}-{turn}", f"w{number}-gone", "shared"]
    made = random.standard_normal((3 * len(photos), 8)).astype(np.float32)
    catalogue.put([Product(name, name, photos=photos) for name in names], made)
    assert len(catalogue.delete([f"w{number}-gone"])) == 1
catalogue.close()
"""


@pytest.fixture
def shared(tmp_path: Path, postgres: Postgres) -> Iterator[Path]:
    """Make a directory whose catalogue is on the server."""
    (tmp_path / URL_FILE).write_text(postgres.place())
    yield tmp_path
    close_catalogues()


def follow(catalogue: Catalogue, stop: Event, missed: list[str]) -> None:
    """Follow changes, and note revisions that were skipped: all up to the last one read must have been read."""
    have: dict[str, int] = {}
    reached = 0
    while not stop.is_set():
        for change in catalogue.changes(reached):
            have[change.product_id] = reached = change.revision
        for name, revision in catalogue.live().items():
            if revision <= reached and have.get(name, 0) < revision:
                missed.append(f"{name} at {revision}, before {reached}")
        time.sleep(0.005)


def test_two_servers_and_three_writers_agree(shared: Path) -> None:
    """After a storm both galleries answer alike, and like one that is made from the catalogue anew."""
    checkpoint = small_checkpoint()
    homes = [shared, shared / "second"]
    galleries = [Gallery.open(home, checkpoint, open_catalogue(shared)) for home in homes]
    stop, missed = Event(), list[str]()
    follower = Thread(target=follow, args=(open_catalogue(shared), stop, missed))
    follower.start()
    url = str(url_of(shared))
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, url, str(number)]) for number in range(3)]
    while any(writer.poll() is None for writer in writers):
        for gallery in galleries:
            gallery.refresh()
        time.sleep(0.01)
    stop.set()
    follower.join()
    assert [writer.returncode for writer in writers] == [0, 0, 0] and missed == []
    catalogue = open_catalogue(shared)
    assert catalogue.size() == 3 * 15 + 1 and catalogue.revision() == 3 * 15 * 4
    assert catalogue.live().keys() == {"shared", *(f"w{number}-{turn}" for number in range(3) for turn in range(15))}
    fresh = Gallery.open(shared / "fresh", checkpoint, catalogue)
    sketches = vectors(4, 9)
    answers = []
    for gallery in (*galleries, fresh):
        found = search_embeddings(Retriever(checkpoint, gallery, device="cpu"), sketches, 100)
        answers.append([[(result.product, result.position) for result in batch.results] for batch in found])
        assert (gallery.size, gallery.revision) == (catalogue.size(), catalogue.revision())
    assert answers[0] == answers[1] == answers[2] and len(answers[0][0]) == catalogue.size()


def test_a_writer_waits_for_the_one_before(shared: Path) -> None:
    """Revisions are committed in their order: nobody sees a later one first."""
    slow, quick = open_catalogue(shared), open_catalogue(shared)
    with slow._writing.begin() as connection:
        claim_revisions(connection, 1)
        second = Thread(target=quick.put, args=([with_photos("b", 1)], vectors(1)))
        second.start()
        second.join(0.3)
        assert second.is_alive() and quick.revision() == 0
    second.join(10)
    assert quick.live() == {"b": 2} and quick.revision() == 2


def test_a_connection_that_is_lost_while_it_commits_is_told_as_such(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can know whether the server has committed or not."""
    catalogue, other = open_catalogue(shared), open_catalogue(shared)

    def lose(connection: Connection, *_: object) -> None:
        victim = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with other.moment() as elsewhere:
            elsewhere.exec_driver_sql(f"SELECT pg_terminate_backend({victim}, 5000)")

    app = FastAPI()
    install_error_handlers(app)
    app.add_api_route("/", lambda: catalogue.put([with_photos("a", 1)], vectors(1)), methods=["PUT"])
    monkeypatch.setattr("app.catalogue.catalogue.insert_photos", lose)
    refused(call(app, "PUT", "/"), 503, "no_database", "which may or may not be stored")


def test_many_may_open_an_empty_database_at_once(shared: Path) -> None:
    opened: list[str] = []
    threads = [Thread(target=lambda: opened.append(open_catalogue(shared).state().identity)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 8 and len(set(opened)) == 1


def test_tables_of_others_are_left_alone(shared: Path) -> None:
    catalogue = open_catalogue(shared)
    with catalogue._writing.begin() as connection:
        connection.exec_driver_sql("DROP TABLE catalogue")
    with pytest.raises(
        CatalogueError,
        match=r"has tables \(.*photos, product_labels, product_words.*\) that are not a catalogue",
    ):
        open_catalogue(shared)


def test_a_gallery_is_built_and_served_from_a_server(
    postgres: Postgres, tmp_path: Path, feed: Path, tiny_checkpoint: Path, tiny_gallery: Path
) -> None:
    url, directory = postgres.place(), tmp_path / "gallery"
    report = build(feed, GalleryLocation(directory, url), tiny_checkpoint)
    assert (report.added, report.size) == (12, 12)
    assert build(feed, GalleryLocation(directory, url), tiny_checkpoint).unchanged == 12
    assert not (directory / "catalogue.sqlite").exists()
    services = [
        Service(load_settings(gallery=directory, catalogue=url, device="cpu")).start(),
        Service(load_settings(gallery=tiny_gallery, device="cpu")).start(),
    ]
    pages = [service.gallery.catalogue.page() for service in services]
    assert [product.product_id for product in pages[0]] == [product.product_id for product in pages[1]]
    assert services[0].gallery.catalogue.facets() == services[1].gallery.catalogue.facets()
    for service in services:
        service.close()


def test_an_import_goes_on_with_the_next_server(
    postgres: Postgres, tmp_path: Path, feed: Path, tiny_checkpoint: Path
) -> None:
    url, directory = postgres.place(), tmp_path / "gallery"
    build(feed, GalleryLocation(directory, url), tiny_checkpoint)
    with closing(Catalogue(url)) as catalogue:
        key = catalogue.keys.add("shop", "write")
    settings = {"catalogue": url, "allow_private_addresses": True}
    with web() as served:
        served.answers = {f"/{n}.png": (200, {}, photo(n)) for n in range(70, 74)}
        lines = [f"n{n},Title,Imported,{served.url(f'/{n}.png')}" for n in range(70, 75)]  # the last is not there
        text = "\n".join(["id,title,product_type,image_link", *lines])
        served.delay = 0.3
        with opened(directory, key, **settings) as first:
            sent = first.client.post("/products/import", content=text, headers={"Content-Type": "text/csv"})
            assert sent.status_code == 202, sent.text
        served.delay = 0
        with opened(directory, key, **settings) as second:
            done = wait_for(second.client, sent.headers["location"])
            assert (done["state"], done["total"], done["done"], done["added"]) == ("done", 5, 5, 4)
            assert [error["where"] for error in done["errors"]] == ["n74"] and done["error_count"] == 1
            assert second.found(71, category="Imported")[0] == "n71"
            again = second.finished(
                second.client.post("/products/import", content=text, headers={"Content-Type": "text/csv"})
            )
            assert (again["unchanged"], again["added"], again["error_count"]) == (4, 0, 1)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://me:hush@host/name", "a database 'mysql': expected a URL such as postgresql"),
        ("hush", "URL cannot be read"),
        ("postgresql://me:hush@host:port/name", "URL cannot be read"),
    ],
)
def test_an_unusable_url_is_refused_and_not_repeated(url: str, words: str) -> None:
    with pytest.raises(CatalogueError, match=words) as refused:
        Catalogue(url)
    assert "hush" not in str(refused.value)


def test_passwords_are_in_no_message_and_no_settings(tmp_path: Path) -> None:
    url = f"postgresql://me:hush@/name?host={tmp_path}"
    with pytest.raises(OperationalError) as failed:
        Catalogue(url)
    settings = load_settings(gallery=tmp_path, catalogue=url)
    assert "hush" not in f"{failed.value!r} {failed.value} {settings!r} {settings}"

"""A damaged catalogue is told as such: what to do about it, and not to try again later."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.core.wait_budget import waiting_at_most
from app.database.rows import DamagedCatalogueError
from app.gallery.layout import CATALOGUE_FILE
from app.products.filters import Filters
from tests.index_builder.cli.test_cli import run
from tests.support.postgres import Postgres
from tests.support.sketch_files import JSON, refused, strokes_body
from tests.support.small_galleries import close_catalogues, open_catalogue, products, vectors
from tests.support.writable_server import opened, own_gallery

NOT_UTF8 = "UPDATE products SET title = CAST(x'426fff74' AS TEXT) WHERE product_id = 'pump-1'"


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(statement).rowcount == 1
        connection.commit()


def test_a_server_says_so_and_is_not_ready(
    tiny_gallery: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gallery, key = own_gallery(tiny_gallery, tmp_path)
    with opened(gallery, key) as shop:
        assert shop.client.get("/readyz").status_code == 200
        change(gallery / CATALOGUE_FILE, NOT_UTF8)
        for response in (
            shop.client.get("/products"),
            shop.client.get("/products/pump-1"),
            shop.client.put("/products/pump-1", json={"title": "New"}),
            shop.client.post("/search?k=100", content=strokes_body(), headers=JSON),
        ):
            error = refused(response, 500, "damaged_catalogue", "sketchfind verify", "sketchfind restore")
            assert "retry-after" not in response.headers and "try again" not in error["message"]
        assert shop.client.get("/products/boot-1").status_code == 200
        refused(shop.client.get("/readyz"), 503, "damaged_catalogue", "sketchfind restore")
        assert shop.client.get("/healthz").status_code == 200
    assert [record for record in caplog.records if record.levelno == logging.ERROR and "damaged" in record.message]


def overwrite_pages(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for page in range(3, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (overwrite_pages, "malformed"),
        (lambda path: path.write_bytes(b"no database at all" * 500), "file is not a database"),
        (lambda path: change(path, "UPDATE products SET title = CAST(x'ff' AS TEXT) WHERE product_id = 'b'"), "UTF-8"),
        (lambda path: change(path, "UPDATE products SET attributes = '[' WHERE product_id = 'b'"), "Expecting value"),
        (lambda path: change(path, "UPDATE products SET price = 'dear' WHERE product_id = 'b'"), "not all arguments"),
        (lambda path: change(path, "UPDATE photos SET embedding = x'0000' WHERE product_id = 'b'"), "buffer size"),
    ],
)
def test_every_kind_of_damage_is_named(tmp_path: Path, damage: Callable[[Path], object], reason: str) -> None:
    catalogue = open_catalogue(tmp_path)
    catalogue.put(products([*"abc", *map(str, range(300))]), vectors(303))
    close_catalogues()
    damage(tmp_path / CATALOGUE_FILE)
    with (
        pytest.raises(DamagedCatalogueError, match=reason) as raised,
        closing(Catalogue(sqlite_url(tmp_path / CATALOGUE_FILE))) as again,
    ):
        again.page(limit=500)
        again.facets(Filters())
        again.changes(0)
    assert "`sketchfind verify` says what is wrong" in str(raised.value)


def test_a_command_says_so(tiny_gallery: Path, tmp_path: Path) -> None:
    gallery, _ = own_gallery(tiny_gallery, tmp_path)
    (gallery / CATALOGUE_FILE).write_bytes(b"no database at all" * 500)
    for command in (["serve"], ["remove", "pump-1"]):
        result = run(*command, "--gallery", gallery)
        assert result.exit_code == 2 and "the catalogue is damaged (file is not a database)" in result.stderr


def test_what_postgresql_says_of_damage(postgres: Postgres) -> None:
    with closing(Catalogue(postgres.place())) as catalogue, catalogue.moment() as connection:
        raising = "DO $$ BEGIN RAISE EXCEPTION 'invalid page in block 7' USING ERRCODE = 'XX001'; END $$"
        with pytest.raises(DamagedCatalogueError, match="invalid page in block 7"):
            connection.exec_driver_sql(raising)


def test_a_locked_catalogue_is_not_damaged(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    with closing(sqlite3.connect(tmp_path / CATALOGUE_FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"), waiting_at_most(0.1):
            catalogue.put(products("a"), vectors(1))
    close_catalogues()

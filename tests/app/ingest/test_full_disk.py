"""Tests that refused uploads and imports leave no files behind, as on a full disk."""

from __future__ import annotations

import io
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, NamedTuple

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from app.catalogue.catalogue import Catalogue
from app.catalogue.import_jobs import ImportJob, ImportJobs
from app.gallery.photo_store import PhotoStore
from app.gallery.storage.folder_storage import FolderStorage
from app.ingest.feed_store import FeedStore
from tests.support.sketch_files import refused
from tests.support.small_galleries import open_catalogue
from tests.support.writable_server import Shop, opened, own_gallery, photo

CSV = {"Content-Type": "text/csv"}
# importing it fails, since none of its photos can be fetched
FEED = b"id,title,image_link\n" + b"a,A,http://127.0.0.1:9/a.png\n" * 10


@pytest.fixture(scope="module")
def shop(tiny_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    gallery, key = own_gallery(tiny_gallery, tmp_path_factory.mktemp("full"))
    (gallery / "imports").mkdir()
    with opened(gallery, key) as served:
        yield served


class Disk(NamedTuple):
    """Result of shutil.disk_usage()."""

    total: int
    free: int


def disk_full_error() -> OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return OperationalError("INSERT", {}, error)


def file_names(gallery: Path) -> set[str]:
    return {path.name for folder in ("imports", "photos") for path in (gallery / folder).iterdir()}


def failed_without_feed(shop: Shop, posted: httpx.Response) -> bool:
    """Wait until an import has ended and its feed is removed, which comes last. Tell whether it failed."""
    state = shop.finished(posted)["state"]
    deadline = time.monotonic() + 30
    while any((shop.gallery / "imports").iterdir()):
        assert time.monotonic() < deadline, file_names(shop.gallery)
        time.sleep(0.02)
    return bool(state == "failed")


def failing(error: BaseException) -> Any:
    """Return a function that raises an error."""

    def fail(*_: object) -> None:
        raise error

    return fail


def test_a_feed_whose_import_cannot_be_recorded_is_removed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file_names(shop.gallery)
    with monkeypatch.context() as patch:
        patch.setattr(ImportJobs, "add", failing(disk_full_error()))
        refused(shop.client.post("/products/import", content=FEED, headers=CSV), 503, "no_database", "try again later")
        assert file_names(shop.gallery) == before
    assert failed_without_feed(shop, shop.client.post("/products/import", content=FEED, headers=CSV))
    assert file_names(shop.gallery) == before


def test_a_feed_that_would_take_the_last_of_the_disk_is_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    before, gigabyte = file_names(shop.gallery), 2**30
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: Disk(10 * gigabyte, 64 * 2**20 + 2 * len(FEED) - 1))
        refused(shop.client.post("/products/import", content=FEED, headers=CSV), 503, "not_stored", "No space left")
        assert file_names(shop.gallery) == before
        patch.setattr(shutil, "disk_usage", lambda path: Disk(10 * gigabyte, 64 * 2**20 + 2 * len(FEED)))
        posted = shop.client.post("/products/import", content=FEED, headers=CSV)
    assert failed_without_feed(shop, posted)


@pytest.mark.parametrize("kind", ["form", "body"])
def test_an_upload_stops_before_its_temporary_file_fills_the_disk(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    spools, sizes = list[Any](), list[int]()
    write = SpooledTemporaryFile.write

    def record_size(spool: Any, data: bytes) -> int:
        spools.append(spool)
        sizes.append(len(data))
        return write(spool, data)

    with monkeypatch.context() as patch:
        patch.setattr(SpooledTemporaryFile, "write", record_size)
        patch.setattr(shutil, "disk_usage", lambda path: Disk(10**9, 10**7))
        large = b"id,image_link\n" * 200_000
        sent: dict[str, Any] = {"files": {"feed": large}} if kind == "form" else {"content": large, "headers": CSV}
        refused(shop.client.post("/products/import", **sent), 503, "not_stored", "No space left")
    assert spools and all(spool.closed for spool in spools)
    assert 0 < sum(sizes) <= 2**20  # the first 1 MiB stays in memory


def test_an_import_waits_rather_than_fill_the_disk(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.ingest.import_worker._RETRY_SECONDS", 0.1)
    with monkeypatch.context() as patch:
        patch.setattr(FeedStore, "check_space", failing(OSError(28, "No space left on device")))
        posted = shop.client.post("/products/import", content=FEED, headers=CSV)
        deadline, operation = time.monotonic() + 30, posted.json()
        while operation["message"] is None:
            assert time.monotonic() < deadline
            operation = shop.client.get(posted.headers["location"]).json()
        assert (operation["state"], operation["message"]) == ("queued", "[Errno 28] No space left on device")
    assert failed_without_feed(shop, posted)


@pytest.mark.parametrize(
    ("patched", "error"),
    [
        ((Catalogue, "put"), disk_full_error()),
        ((Catalogue, "put"), OSError(28, "No space left on device")),
        (None, None),
    ],
)
def test_a_product_that_is_refused_leaves_no_photo(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, patched: tuple[type, str] | None, error: Exception | None
) -> None:
    before = file_names(shop.gallery)
    parts: list[tuple[str, Any]] = [("photo", ("p.png", data, "image/png")) for data in (photo(90), photo(91))]
    if patched and error:
        monkeypatch.setattr(*patched, failing(error))
    else:
        parts.append(("photo", ("p.png", b"no image", "image/png")))
    response = shop.client.put("/products/refused", files=parts)
    assert response.status_code == (503 if patched else 415), response.text
    assert file_names(shop.gallery) == before


def test_a_refused_product_takes_no_photo_from_another(shop: Shop) -> None:
    assert shop.put("whole", 92).status_code == 201
    parts: list[tuple[str, Any]] = [("photo", ("p.png", data, "image/png")) for data in (photo(92), b"no image")]
    assert shop.client.put("/products/other", files=parts).status_code == 415
    assert shop.client.get(shop.client.get("/products/whole").json()["photo_url"]).status_code == 200


def test_a_photo_that_cannot_be_stored_leaves_no_thumbnail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, store = Path.write_bytes, PhotoStore(FolderStorage(tmp_path))

    def write_thumbnails_only(path: Path, data: bytes) -> int:
        if ".thumb." not in path.name:
            raise OSError(28, "No space left on device")
        return write(path, data)

    name = store.keep(b"old", b"old")
    monkeypatch.setattr(Path, "write_bytes", write_thumbnails_only)
    for data in (b"old", b"new"):
        with pytest.raises(OSError, match="No space left"):
            store.keep(data, data)
    assert store.has(name) and len(list(tmp_path.iterdir())) == 2


def test_a_feed_is_not_swept_while_its_import_is_being_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check that another process, which starts meanwhile, does not remove the feed."""
    operations = open_catalogue(tmp_path).operations
    mine, other = (FeedStore(tmp_path / "imports", operations) for _ in range(2))
    add = operations.add

    def sweep_and_add(operation_id: str, *_: object) -> ImportJob:
        other.sweep()
        return add(operation_id)

    monkeypatch.setattr(operations, "add", sweep_and_add)
    operation = mine.add(io.BytesIO(FEED))
    other.sweep()
    assert mine.path(operation.id).read_bytes() == FEED
    operations.update(operation.id, "done")
    other.sweep()
    assert list((tmp_path / "imports").iterdir()) == []


def test_a_database_that_is_away_is_asked_later_what_is_to_become_of_a_feed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operations = open_catalogue(tmp_path).operations
    store = FeedStore(tmp_path / "imports", operations)
    add = operations.add
    for is_recorded in (False, True):
        store.sweep()

        def lose_connection(operation_id: str, *_: object, is_recorded: bool = is_recorded) -> ImportJob:
            if is_recorded:
                add(operation_id)
            raise disk_full_error()

        with monkeypatch.context() as patch:
            patch.setattr(operations, "add", lose_connection)
            patch.setattr(operations, "get", failing(disk_full_error()))
            with pytest.raises(OperationalError):
                store.add(io.BytesIO(FEED))
        assert not store.is_swept and len(list((tmp_path / "imports").iterdir())) == 1
        store.sweep()
        assert len(list((tmp_path / "imports").iterdir())) == len(operations.unfinished()) == int(is_recorded)

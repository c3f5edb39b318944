"""Tests of servers that share a catalogue and a bucket, and no folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from app.gallery.garbage import remove_unused_photos
from app.gallery.layout import PHOTOS, GalleryLocation
from app.gallery.storage.opening import open_bucket
from index_builder.gallery.backup.backup import backup
from index_builder.gallery.backup.manifest import BackupError
from index_builder.gallery.backup.restore import restore
from index_builder.gallery.edit import add_product, remove_products
from index_builder.gallery.reembed import reembed
from index_builder.gallery.verify.verify import verify
from tests.conftest import serving
from tests.support.buckets import Buckets
from tests.support.writable_server import photo


@pytest.fixture
def location(tmp_path: Path, tiny_gallery: Path, buckets: Buckets) -> GalleryLocation:
    """Move a gallery to a database and a bucket, by a backup."""
    backup(GalleryLocation(tiny_gallery), tmp_path / "backup")
    moved = GalleryLocation(tmp_path / "one", f"sqlite:///{tmp_path / 'shared.sqlite'}", buckets.place())
    report = restore(tmp_path / "backup", moved)
    assert report.photos == 12 and not (moved.directory / PHOTOS).exists()
    return moved


@pytest.fixture
def servers(location: GalleryLocation, tmp_path: Path) -> Iterator[tuple[list[httpx.Client], list[Any]]]:
    """Serve the gallery twice, the second time from a folder that does not exist yet. Yields clients and apps."""
    other = tmp_path / "two"
    with closing(location.open_catalogue()) as catalogue:
        key = catalogue.keys.add("shop", "write")
    apps = list[Any]()

    def keep(app: ASGIApp) -> ASGIApp:
        apps.append(app)
        return app

    places: dict[str, Any] = {"catalogue": location.catalogue_url, "photos": location.photos_url}
    with ExitStack() as running:
        urls = [running.enter_context(serving(d, within=keep, **places)) for d in (location.directory, other)]
        headers = {"Authorization": f"Bearer {key}"}
        yield (
            [running.enter_context(httpx.Client(base_url=url, timeout=30, headers=headers)) for url in urls],
            apps,
        )


def test_a_photo_put_at_one_server_is_shown_by_the_other(
    servers: tuple[list[httpx.Client], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (one, two), apps = servers
    put = one.put("/products/new", files={"photo": ("p.png", photo(90), "image/png")})
    assert put.status_code == 201, put.text
    product = two.get("/products/new").json()
    assert (product["photo_width"], product["photo_height"]) == (320, 240)
    for url in (product["photo_url"], product["thumbnail_url"]):
        shown = two.get(url)
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/webp")
        assert shown.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert shown.content == one.get(url).content and len(shown.content) == int(shown.headers["content-length"])
        known = two.get(url, headers={"If-None-Match": shown.headers["etag"]})
        assert (known.status_code, known.content) == (304, b"")
    assert two.get(f"/photos/{'0' * 64}.webp").json()["error"]["code"] == "not_found"
    assert two.get("/readyz").json() == {"status": "ready", "database": "up", "photos": "up"}

    store, endpoint = apps[1].state.service.gallery.photos, "http://127.0.0.1:9"
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    up, store.files = store.files, open_bucket(apps[1].state.service.settings.photos)
    away = two.get(product["photo_url"])
    assert (away.status_code, away.json()["error"]["code"], away.headers["retry-after"]) == (503, "no_photos", "10")
    assert endpoint not in away.text
    refused = two.put("/products/new", files={"photo": ("p.png", photo(91), "image/png")})
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "not_stored"), refused.text
    assert "s3://shop/place-" in refused.text and endpoint in refused.text
    assert two.get("/readyz").json() == {"status": "degraded", "database": "up", "photos": "away"}
    assert two.post("/search", content=photo(90), headers={"Content-Type": "image/png"}).status_code == 200
    store.files = up
    assert two.get(product["photo_url"]).content == one.get(product["photo_url"]).content
    assert two.get("/readyz").json()["photos"] == "up" and two.get("/products/new").json() == product


def test_a_gallery_whose_photos_are_in_a_bucket_is_maintained(
    location: GalleryLocation, tmp_path: Path, buckets: Buckets, monkeypatch: pytest.MonkeyPatch, other_checkpoint: Path
) -> None:
    (tmp_path / "p.png").write_bytes(photo(92))
    assert add_product(location, "new", {}, [tmp_path / "p.png"]).outcome == "added"
    assert remove_products(location, ["boot-1", "boot-2"]) == 2
    with closing(location.open_catalogue()) as catalogue:
        photos = location.claim_photos(catalogue)
        remove_unused_photos(photos, catalogue)
        assert len(list(photos.files.names())) == 26  # released just now
        monkeypatch.setattr("app.gallery.garbage.GRACE", -9.0)
        remove_unused_photos(photos, catalogue)
        assert len(list(photos.files.names())) == 22
    assert reembed(location, other_checkpoint).embedded == 11
    checked = verify(replace(location, directory=tmp_path / "elsewhere"))  # as on another machine
    assert (checked.problems, checked.photos) == ((), 11)
    report = backup(location, tmp_path / "later")
    assert (report.photos, report.copied, report.missing) == (11, 22, ())
    restore(tmp_path / "later", GalleryLocation(tmp_path / "back"))
    assert verify(GalleryLocation(tmp_path / "back")).problems == ()
    with pytest.raises(
        BackupError, match=r"s3://shop/place-\d+ has the photos of a gallery: expected a bucket or prefix"
    ):
        restore(tmp_path / "later", GalleryLocation(tmp_path / "again", photos_url=location.photos_url))

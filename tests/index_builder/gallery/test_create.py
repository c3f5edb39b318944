"""Empty galleries."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.database.errors import CheckpointMismatchError
from app.gallery.layout import CATALOGUE_FILE, GalleryLocation
from index_builder.cli.main import app
from index_builder.gallery.create import create_gallery
from tests.conftest import serving
from tests.support.sketch_files import ZIGZAG
from tests.support.writable_server import Shop, opened


def test_an_empty_gallery_is_served_and_filled(tmp_path: Path, tiny_checkpoint: Path) -> None:
    gallery = tmp_path / "shops" / "mine"
    arguments = ["create", "--gallery", str(gallery), "--checkpoint", str(tiny_checkpoint), "--json"]
    assert json.loads(CliRunner().invoke(app, arguments).stdout) == {"size": 0}
    catalogue = Catalogue(sqlite_url(gallery / CATALOGUE_FILE))
    key = catalogue.keys.add("shop", "write")
    catalogue.close()
    with opened(gallery, key) as shop:
        assert search(shop) == [] and shop.client.get("/categories").json()["categories"] == []
        assert shop.put("first", 7, title="First").status_code == 201
        assert search(shop) == ["first"]
    with serving(gallery) as url:
        assert httpx.get(f"{url}/products/first").status_code == 200
    assert json.loads(CliRunner().invoke(app, arguments).stdout) == {"size": 1}


def search(shop: Shop) -> list[str]:
    """Search for a zigzag and list the ids of the results."""
    answer = shop.client.post("/search", json=ZIGZAG)
    assert answer.status_code == 200, answer.text
    return [result["product_id"] for result in answer.json()["results"]]


def test_an_existing_gallery_stays_with_its_checkpoint(
    tmp_path: Path, tiny_checkpoint: Path, other_checkpoint: Path
) -> None:
    location = GalleryLocation(tmp_path / "gallery")
    create_gallery(location, tiny_checkpoint)
    with pytest.raises(CheckpointMismatchError):
        create_gallery(location, other_checkpoint)


def test_a_wrong_index_or_place_creates_nothing(tmp_path: Path, tiny_checkpoint: Path) -> None:
    with pytest.raises(ValueError, match="Wrong"):
        create_gallery(GalleryLocation(tmp_path / "gallery"), tiny_checkpoint, "Wrong")
    assert not (tmp_path / "gallery").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="is a file: expected a folder"):
        create_gallery(GalleryLocation(tmp_path / "file"), tiny_checkpoint)

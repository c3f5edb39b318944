"""Product ids that contain slashes, or end like a route."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import httpx
import pytest

from app.gallery.photo_store import PhotoStore
from app.gallery.storage.folder_storage import FolderStorage
from app.main import create_app
from app.products.product import Product
from app.settings import Settings
from tests.app.api.test_errors import call
from tests.support.sketch_files import ZIGZAG, refused
from tests.support.small_galleries import open_catalogue, vectors

NAMES = ["a/b", "a/similar", "similar", "a/match", "a/b%2Fsimilar", "/match"]


@pytest.mark.parametrize("name", NAMES)
def test_a_product_is_found_by_its_encoded_id(tmp_path: Path, name: str) -> None:
    catalogue = open_catalogue(tmp_path)
    catalogue.put([Product(product_id, product_id) for product_id in NAMES], vectors(len(NAMES)))
    settings = Settings(gallery=tmp_path)
    app = create_app(settings)
    gallery = SimpleNamespace(catalogue=catalogue, photos=PhotoStore(FolderStorage(tmp_path)))
    app.state.service = SimpleNamespace(gallery=gallery, settings=settings)
    product = call(app, "GET", f"/products/{quote(name, safe='')}").json()
    assert product["product_id"] == name
    assert (product["photo_width"], product["photo_height"]) == (None, None)


def test_slashes_of_an_id_need_no_encoding(client: httpx.Client) -> None:
    refused(client.get("/products/a/b"), 404, "not_found", "no product 'a/b'")
    refused(client.get("/products/a/b/similar"), 404, "not_found", "no product 'a/b'")


def test_no_name_has_nul(client: httpx.Client) -> None:
    for path in ("/products/%00", "/products/a%00/similar", "/products?after=%00"):
        refused(client.get(path), 422, "invalid_parameter", "expected a text without NUL")


def test_an_encoded_end_belongs_to_the_id(client: httpx.Client) -> None:
    refused(client.get("/products/a%2Fsimilar"), 404, "not_found", "no product 'a/similar'")
    refused(client.get("/products/a%2Fsimilar/similar"), 404, "not_found", "no product 'a/similar'")
    refused(client.post("/products/a%2Fmatch/match", json=ZIGZAG), 404, "not_found", "no product 'a/match'")
    refused(client.post("/products/a%2Fmatch", json=ZIGZAG), 405, "method_not_allowed")

"""Products whose photos the server fetches from the web."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.photo_web import Web, web
from tests.support.sketch_files import refused
from tests.support.writable_server import Shop, opened, own_gallery, photo


@pytest.fixture(scope="module")
def gallery(tiny_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    return own_gallery(tiny_gallery, tmp_path_factory.mktemp("links"))


@pytest.fixture(scope="module")
def shop(gallery: tuple[Path, str]) -> Iterator[Shop]:
    with opened(*gallery, allow_private_addresses=True, max_write_bytes=500_000) as shop:
        yield shop


@pytest.fixture
def photos() -> Iterator[Web]:
    with web() as served:
        served.answers = {f"/{seed}.png": (200, {}, photo(seed)) for seed in (80, 81, 82)}
        yield served


def test_a_product_has_the_photos_of_its_links(shop: Shop, photos: Web) -> None:
    links = [photos.url("/80.png"), photos.url("/81.png")]
    created = shop.client.put("/products/linked", json={"title": "Boot", "image_link": links})
    assert created.status_code == 201, created.text
    assert len(created.json()["photo_urls"]) == 2
    assert shop.found(80)[0] == shop.found(81)[0] == "linked"
    again = shop.client.put("/products/linked", json={"title": "Boot", "image_link": links})
    assert again.status_code == 200 and again.json() == created.json()
    kept = shop.client.put("/products/linked", json={"title": "Shoe"}).json()
    assert (kept["title"], kept["photo_urls"]) == ("Shoe", created.json()["photo_urls"])
    form = {"product": (None, json.dumps({"image_link": photos.url("/82.png")}))}
    replaced = shop.client.put("/products/linked", files=form).json()
    assert len(replaced["photo_urls"]) == 1 and shop.found(82)[0] == "linked"


@pytest.mark.parametrize(
    ("link", "status", "code", "words"),
    [
        ("/none.png", 422, "photo_not_fetched", "the server answers 404: expected 200"),
        ("/text", 415, "not_an_image", "/text: image cannot be read"),
        ("/huge", 422, "photo_not_fetched", "the photos have more than 500,000 bytes together"),
    ],
)
def test_a_photo_that_cannot_be_had_is_named_and_nothing_is_changed(
    shop: Shop, photos: Web, link: str, status: int, code: str, words: str
) -> None:
    photos.answers |= {"/text": (200, {}, b"no image"), "/huge": (200, {}, b"x" * 500_001)}
    body = {"title": "New", "image_link": [photos.url("/80.png"), photos.url(link)]}
    refused(shop.client.put("/products/unfetched", json=body), status, code, words)
    assert shop.client.get("/products/unfetched").status_code == 404


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"image_link": "photos/a.png"}, "image_link is 'photos/a.png': expected http:// or https://"),
        ({"image_link": "file:///etc/passwd"}, "expected http:// or https://"),
        ({"image_link": "https://" + "x" * 2000}, "at most 2,000 characters"),
        ({"image_link": ["https://a.example"] * 21}, "expected at most 20 links"),
        ({"image_link": 7}, "image_link is 7: expected a text or a list of texts"),
    ],
)
def test_links_are_checked_before_any_is_fetched(shop: Shop, fields: dict[str, Any], words: str) -> None:
    refused(shop.client.put("/products/unfetched", json=fields), 422, "invalid_product", words)


def test_files_and_links_together_are_refused(shop: Shop) -> None:
    answer = shop.put("unfetched", 80, image_link="https://a.example/1.png")
    refused(answer, 422, "invalid_parameter", "expected only one of these")
    patch = shop.client.patch("/products/boot-1", json={"image_link": "https://a.example/1.png"})
    refused(patch, 422, "invalid_product", "image_link is unknown")


def test_private_addresses_are_refused(tiny_gallery: Path, tmp_path: Path, photos: Web) -> None:
    with opened(*own_gallery(tiny_gallery, tmp_path)) as guarded:
        answer = guarded.client.put("/products/linked", json={"image_link": photos.url("/80.png")})
    refused(answer, 422, "photo_not_fetched", "cannot be fetched")
    assert photos.asked == []

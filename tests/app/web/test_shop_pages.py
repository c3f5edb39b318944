"""The page, its manifest and the widget of a shop with a TOML file of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.web.languages import read_languages
from app.web.shop.shop_file import ShopFileError
from tests.conftest import serving
from tests.support.lamp_shop import SHOES, make_lamp_shop

LANGUAGES = sorted(read_languages())


@pytest.fixture(scope="module")
def lamps(tmp_path_factory: pytest.TempPathFactory, tiny_checkpoint: Path) -> Iterator[httpx.Client]:
    """Yield a client of a shop of lamps."""
    gallery, shop = make_lamp_shop(tmp_path_factory.mktemp("lamps"), tiny_checkpoint)
    with serving(gallery, shop=shop) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_shop_of_lamps_never_says_shoe(lamps: httpx.Client, code: str) -> None:
    texts = [lamps.get(path, params={"lang": code}).text for path in ("/", "/manifest.webmanifest", "/widget-example")]
    for text in [*texts, lamps.get("/widget.js").text]:
        assert not SHOES.search(text), SHOES.search(text)


def test_the_words_for_shoes_are_found_where_they_are(client: httpx.Client) -> None:
    for code in LANGUAGES:
        assert SHOES.search(client.get("/", params={"lang": code}).text)


def test_the_page_is_the_shop_s(lamps: httpx.Client) -> None:
    page = lamps.get("/", params={"lang": "de"}).text
    assert "<title>Lumen: zeichnen und finden</title>" in page and "Zeichne eine Lampe<" in page
    assert "Sketchfind" not in page
    assert 'content="#fffaf2"' in page and 'content="#1a1510"' in page  # of the browser's own bars
    assert page.count('class="example"') == 3 and "Stehlampe" in page
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert {name.rpartition("/")[2] for name in files} >= {"logo.svg", "icon-192.png", "maskable-512.png"}
    for file in files:
        response = lamps.get(file)
        assert response.status_code == 200 and "immutable" in response.headers["cache-control"]


def test_the_stylesheet_has_the_shop_s_colours_before_what_shoppers_ask_for(lamps: httpx.Client) -> None:
    path = next(iter(re.findall(r'href="(/static/[^"]+page\.css)"', lamps.get("/").text)))
    css = lamps.get(path).text
    assert css.index("--ground: #f3f3f0") < css.index("--ground: #fffaf2") < css.index("prefers-contrast")
    assert "--round: 8px" in css


def test_the_service_worker_keeps_the_shop_s_files(lamps: httpx.Client) -> None:
    worker = lamps.get("/sw.js").text
    assert "/shop/logo.svg" in worker and "css/shop.css" not in worker


def test_the_widget_has_the_shop_s_icon(lamps: httpx.Client) -> None:
    (icon,) = re.findall(r'ICON = "([^"]+)"', lamps.get("/widget.js").text)
    assert lamps.get(icon).headers["cross-origin-resource-policy"] == "cross-origin"


def test_the_manifest_is_the_shop_s(lamps: httpx.Client) -> None:
    manifest = lamps.get("/manifest.webmanifest", params={"lang": "fr"}).json()
    assert manifest["short_name"] == "Lumen" and manifest["name"].startswith("Lumen")
    assert "Dessinez une lampe" in manifest["description"]
    assert manifest["theme_color"] == manifest["background_color"] == "#fffaf2"
    assert [icon["sizes"] for icon in manifest["icons"]] == ["192x192", "512x512", "512x512"]
    for icon in manifest["icons"]:
        assert lamps.get(icon["src"]).headers["content-type"] == icon["type"] == "image/png"


def test_the_widget_has_the_shop_s_words_and_colours(lamps: httpx.Client) -> None:
    script = lamps.get("/widget.js").text
    assert "Draw your lamp" in script and "Lampe zeichnen" in script and "Chercher par dessin" in script
    assert "--sketchfind-accent, #7a4300" in script and "--sketchfind-round, 8px" in script


def test_what_is_not_known_has_no_examples_and_is_a_product(
    tmp_path: Path, tiny_gallery: Path, lamps: httpx.Client
) -> None:
    shop = tmp_path / "shop.toml"
    shop.write_text("examples = []")
    with serving(tiny_gallery, shop=shop) as url:
        page = httpx.get(url).text
    assert "Draw a product<" in page and 'class="start"' not in page and "first-example" not in page
    shop.write_text('examples = ["guitar", "hat"]')
    with serving(tiny_gallery, shop=shop) as url:
        page = httpx.get(url).text
    assert "Draw a guitar or a hat<" in page and page.count('class="example"') == 2


def test_the_shopper_s_choices_are_cookies(client: httpx.Client) -> None:
    def get(cookie: str, path: str = "/") -> str:
        return client.get(path, headers={"Cookie": cookie, "Accept-Language": "de"}).text

    assert '<html lang="fr">' in get("sketchfind_language=fr")
    assert '<html lang="es">' in get("sketchfind_language=fr", "/?lang=es")
    assert '<html lang="de">' in get("sketchfind_language=xx; sketchfind_theme=pink")
    assert '<html lang="de" data-theme="dark">' in get("sketchfind_theme=dark")


def test_a_shop_s_file_with_a_mistake_is_named_at_the_start(tmp_path: Path, tiny_gallery: Path) -> None:
    shop = tmp_path / "shop.toml"
    shop.write_text("rounding = 99")
    with pytest.raises(ShopFileError), serving(tiny_gallery, shop=shop):
        pass
    command = [sys.executable, "-m", "index_builder.cli", "serve", "--gallery", str(tiny_gallery), "--port", "0"]
    environment = {"SKETCHFIND_SHOP": str(shop), "PATH": "/usr/bin", "PYTHONPATH": ":".join(sys.path)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert ended.stderr.strip().endswith(f"{shop}: rounding is 99: expected at most 40")

"""The recipes of docs/shop_systems.md, run with payloads written by the public documentation of the shop systems."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.photo_web import Web, web
from tests.support.writable_server import Shop, opened, own_gallery, photo

PAGE = Path(__file__).resolve().parents[1] / "docs" / "shop_systems.md"
PHOTOS = {"/boot.png": 90, "/boot-red.png": 91, "/lamp.png": 92}


@pytest.fixture(scope="module")
def recipes() -> dict[str, Any]:
    """Return what the Python blocks of the page define."""
    defined: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S):
        exec(block, defined)
    return defined


@pytest.fixture(scope="module")
def shop(tiny_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    gallery, key = own_gallery(tiny_gallery, tmp_path_factory.mktemp("systems"))
    with opened(gallery, key, allow_private_addresses=True) as shop:
        yield shop


@pytest.fixture
def photos() -> Iterator[Web]:
    with web() as served:
        served.answers = {path: (200, {}, photo(seed)) for path, seed in PHOTOS.items()}
        yield served


def shopify_product(photos: Web) -> dict[str, Any]:
    """Return the body of products/update: a boot in two sizes and two colours."""

    def variant(number: int, size: str, color: str, **values: Any) -> dict[str, Any]:
        return {
            "id": number,
            "product_id": 788032119674292922,
            "title": f"{size} / {color}",
            "price": "89.90",
            "compare_at_price": None,
            "position": 1,
            "inventory_policy": "deny",
            "option1": size,
            "option2": color,
            "option3": None,
            "sku": f"boot-{number}",
            "inventory_quantity": 3,
            "inventory_item_id": None,
            "image_id": None,
            **values,
        }

    return {
        "id": 788032119674292922,
        "admin_graphql_api_id": "gid://shopify/Product/788032119674292922",
        "title": "Example Boot",
        "body_html": "An example boot",
        "vendor": "Acme",
        "product_type": "Shoes",
        "handle": "example-boot",
        "status": "active",
        "tags": "example, test",
        "options": [{"name": "Size", "position": 1}, {"name": "Color", "position": 2}],
        "variants": [
            variant(1, "41", "Black"),
            variant(2, "42", "Red", image_id=7, price="79.90", compare_at_price="99.90", inventory_quantity=0),
        ],
        "images": [
            {"id": 6, "position": 1, "src": photos.url("/boot.png"), "variant_ids": []},
            {"id": 7, "position": 2, "src": photos.url("/boot-red.png"), "variant_ids": [2]},
        ],
    }


def receive_shopify(recipes: dict[str, Any], shop: Shop, body: dict[str, Any]) -> None:
    prefix, products = recipes["from_shopify"](body, "https://shop.example", "EUR")
    recipes["send"](shop.client, products, prefix)


def test_shopify_variants_are_added_changed_and_removed(recipes: dict[str, Any], shop: Shop, photos: Web) -> None:
    body = shopify_product(photos)
    receive_shopify(recipes, shop, body)
    red = shop.client.get("/products/shopify-788032119674292922-2").json()
    assert (red["title"], red["price"], red["currency"], red["brand"]) == ("Example Boot", 79.9, "EUR", "Acme")
    assert (red["color"], red["size"], red["availability"]) == ("Red", "42", "out_of_stock")
    assert red["attributes"] == [{"name": "regular_price", "value": "99.90"}]
    assert red["link"] == "https://shop.example/products/example-boot?variant=2"
    assert len(shop.client.get("/products/shopify-788032119674292922-1").json()["photo_urls"]) == 2
    assert len(red["photo_urls"]) == 1 and shop.found(91)[0].startswith("shopify-788032119674292922-")

    fetched = len(photos.asked)
    body["variants"][1] |= {"price": "99.90", "compare_at_price": None, "inventory_quantity": 4}
    receive_shopify(recipes, shop, body)
    changed = shop.client.get("/products/shopify-788032119674292922-2").json()
    assert (changed["price"], changed["availability"], changed["attributes"]) == (99.9, "in_stock", [])
    assert len(photos.asked) == fetched, "no photo is fetched again"

    del body["variants"][1]
    receive_shopify(recipes, shop, body)
    assert shop.client.get("/products/shopify-788032119674292922-2").status_code == 404
    assert shop.client.get("/products/shopify-788032119674292922-1").status_code == 200
    receive_shopify(recipes, shop, {"id": 788032119674292922})  # products/delete
    assert shop.client.get("/products/shopify-788032119674292922-1").status_code == 404
    assert shop.client.get("/products/sofa-1").status_code == 200


def test_a_woocommerce_product_is_added_changed_and_removed(recipes: dict[str, Any], shop: Shop, photos: Web) -> None:
    body: dict[str, Any] = {
        "id": 794,
        "name": "Premium Lamp",
        "slug": "premium-lamp",
        "permalink": "https://example.com/product/premium-lamp/",
        "type": "simple",
        "status": "publish",
        "sku": "",
        "price": "19.99",
        "regular_price": "21.99",
        "sale_price": "19.99",
        "on_sale": True,
        "stock_quantity": None,
        "stock_status": "instock",
        "parent_id": 0,
        "categories": [{"id": 9, "name": "Lamps", "slug": "lamps"}],
        "images": [{"id": 792, "src": photos.url("/lamp.png"), "name": "", "alt": ""}],
        "attributes": [{"id": 6, "name": "Color", "visible": True, "variation": True, "options": ["Black", "Green"]}],
        "variations": [],
    }

    def receive(body: dict[str, Any]) -> None:
        prefix, products = recipes["from_woocommerce"](body, "EUR")
        recipes["send"](shop.client, products, prefix)

    receive(body)
    lamp = shop.client.get("/products/woo-794-0").json()
    assert (lamp["title"], lamp["category"], lamp["price"]) == ("Premium Lamp", "Lamps", 19.99)
    assert (lamp["color"], lamp["availability"]) == ("Black/Green", "in_stock")
    assert lamp["attributes"] == [{"name": "regular_price", "value": "21.99"}] and shop.found(92)[0] == "woo-794-0"
    receive(body | {"price": "21.99", "sale_price": "", "stock_status": "onbackorder"})
    lamp = shop.client.get("/products/woo-794-0").json()
    assert (lamp["price"], lamp["availability"], lamp["attributes"]) == (21.99, "backorder", [])
    receive({"id": 794})
    assert shop.client.get("/products/woo-794-0").status_code == 404


def test_a_signature_is_checked(recipes: dict[str, Any]) -> None:
    body, secret = b'{"id": 794}', "shared secret"
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    assert recipes["is_genuine"](body, secret, signature)
    assert not recipes["is_genuine"](body + b" ", secret, signature)
    assert not recipes["is_genuine"](body, "another", signature)

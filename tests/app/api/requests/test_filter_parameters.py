"""Filters and facets of requests."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.catalogue.catalogue import Catalogue
from app.main import create_app
from app.products.grouping import Grouping
from app.products.product import Product
from app.serving.shop_rules import ShopRules
from app.settings import Settings
from tests.app.api.test_errors import call
from tests.conftest import COLORS, PRODUCTS
from tests.support.sketch_files import ZIGZAG, refused
from tests.support.small_galleries import open_catalogue, vectors


def find_products(client: httpx.Client, **query: Any) -> set[str]:
    response = client.post("/search", params=query, json=ZIGZAG)
    assert response.status_code == 200, response.text
    return {result["product_id"] for result in response.json()["results"]}


def get_facets(client: httpx.Client, **query: Any) -> dict[str, Any]:
    response = client.get("/facets", params=query)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_a_product_of_two_colours_is_found_by_each(client: httpx.Client) -> None:
    everything = {name for name, *_ in PRODUCTS}
    assert find_products(client, color="BLACK") == {"boot-2", "pump-1"}
    assert find_products(client, color="red") == everything - {"pump-1"}
    assert find_products(client, color="red/black") == {"boot-2"}
    assert find_products(client, color=["black", "red"]) == everything
    assert find_products(client, color="black", category="Shoes > Boots", currency="eur", max_price=100) == {"boot-2"}


def test_similar_products_are_filtered_by_colour(client: httpx.Client) -> None:
    answer = client.get("/products/boot-1/similar", params={"color": "black"}).json()
    assert {result["product_id"] for result in answer["results"]} == set(COLORS)


def test_facets_of_everything(client: httpx.Client) -> None:
    answer = get_facets(client)
    assert answer["size"] == len(PRODUCTS)
    assert answer["categories"] == client.get("/categories").json()["categories"]
    assert answer["colors"] == [{"color": name, "label": name, "count": n} for name, n in (("Black", 2), ("Red", 11))]
    assert answer["prices"] == [{"currency": "EUR", "min": 5, "max": 899, "count": 11}]


def test_each_facet_is_counted_with_the_other_filters(client: httpx.Client) -> None:
    answer = get_facets(client, category="Shoes > Boots", color="black", min_price=80, max_price=100)
    assert answer["size"] == 1
    assert {entry["category"]: entry["count"] for entry in answer["categories"]} == {"Shoes": 1, "Shoes > Boots": 1}
    assert {entry["color"]: entry["count"] for entry in answer["colors"]} == {"Black": 1, "Red": 1}
    assert answer["prices"] == [{"currency": "EUR", "min": 89.5, "max": 89.5, "count": 1}]
    dear = get_facets(client, category="Shoes", min_price=500)
    assert dear["size"] == 0 and dear["colors"] == []
    assert [entry["category"] for entry in dear["categories"]] == ["Chairs", "Chairs > Sofas"]
    assert dear["prices"] == [{"currency": "EUR", "min": 25, "max": 129, "count": 4}]


def test_an_unknown_colour_comes_with_the_known_ones(client: httpx.Client) -> None:
    detail = refused(client.get("/facets", params={"color": "mauve"}), 422, "unknown_color")["detail"]
    assert detail == {"color": "mauve", "known": ["Black", "Red"]}


def build_app(catalogue: Catalogue, directory: Path, **settings: Any) -> FastAPI:
    """Build the app of a catalogue without a search."""
    chosen = Settings(gallery=directory, **settings)
    app = create_app(chosen)
    gallery = SimpleNamespace(catalogue=catalogue, grouping=Grouping.BY_ID)
    app.state.service = SimpleNamespace(gallery=gallery, settings=chosen, rules=ShopRules(None, lambda: catalogue))
    return app


@pytest.fixture(scope="module")
def leather(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """Build the app of shoes of several brands, sizes and materials, one of them out of stock."""
    catalogue = open_catalogue(tmp_path_factory.mktemp("leather"))
    things = [
        Product("a", "A", brand="Acme", size="38", gender="women", attributes=(("material", "Leather"),)),
        Product("b", "B", brand="ACME", size="39", availability="out_of_stock", attributes=(("material", "felt"),)),
        Product("c", "C", brand="Other", size="38", attributes=(("Material", "leather"), ("heel", "5 cm"))),
        Product("d", "D", brand="Other", size="40", availability="preorder", gender="men"),
    ]
    catalogue.put(things, vectors(len(things)))
    return build_app(catalogue, tmp_path_factory.mktemp("none"))


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ("brand=acme", 2),
        ("brand=acme&brand=other", 4),
        ("brand=acme&size=38", 1),
        ("size=38&size=39", 3),
        ("gender=MEN", 1),
        ("in_stock=true", 3),
        ("in_stock=true&brand=acme", 1),
        ("in_stock=false", 4),
        ("attribute=material:LEATHER", 2),
        ("attribute=material:leather&attribute=Material:felt", 3),
        ("attribute=material:leather&attribute=heel:5%20cm", 1),
        ("attribute=material:felt&attribute=heel:5%20cm", 0),
        ("attribute=brand:other", 2),
    ],
)
def test_traits_narrow_down(leather: FastAPI, query: str, size: int) -> None:
    assert call(leather, "GET", f"/facets?{query}").json()["size"] == size


def test_facets_of_traits(leather: FastAPI) -> None:
    answer = call(leather, "GET", "/facets?brand=acme&attribute=material:leather").json()
    assert answer["size"] == 1
    assert answer["brands"] == [{"brand": "Acme", "count": 1}, {"brand": "Other", "count": 1}]
    assert answer["genders"] == [{"gender": "women", "count": 1}]
    assert answer["sizes"] == [{"size": "38", "count": 1}]
    values = [{"value": "felt", "count": 1}, {"value": "Leather", "count": 1}]
    assert answer["attributes"] == [{"name": "material", "values": values}]
    assert answer["in_stock"] == 1
    everything = call(leather, "GET", "/facets").json()
    assert everything["brands"] == [{"brand": "ACME", "count": 2}, {"brand": "Other", "count": 2}]
    assert [attribute["name"] for attribute in everything["attributes"]] == ["heel", "material"]
    assert everything["in_stock"] == 3


@pytest.mark.parametrize(
    ("query", "code", "known"),
    [
        ("brand=nobody", "unknown_brand", ["ACME", "Other"]),
        ("gender=", "unknown_gender", ["men", "women"]),
        ("size=41", "unknown_size", ["38", "39", "40"]),
        ("attribute=material:gold", "unknown_attribute", ["material:felt", "material:Leather"]),
        ("attribute=heel", "unknown_attribute", ["heel:5 cm"]),
        ("attribute=lace:red", "unknown_attribute", ["heel:5 cm", "material:felt", "material:Leather"]),
        ("attribute=:", "unknown_attribute", ["heel:5 cm", "material:felt", "material:Leather"]),
        ("brand=a%00b", "unknown_brand", ["ACME", "Other"]),
    ],
)
def test_unknown_traits_come_with_the_known_ones(leather: FastAPI, query: str, code: str, known: list[str]) -> None:
    detail = refused(call(leather, "GET", f"/facets?{query}"), 422, code)["detail"]
    assert detail["known"] == known


def test_an_operator_can_hide_what_is_out_of_stock(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    catalogue.put([Product("a", "A"), Product("b", "B", availability="out_of_stock")], vectors(2))
    for query in ("", "?in_stock=false", "?in_stock=true"):
        app = build_app(catalogue, tmp_path, out_of_stock="hide")
        assert call(app, "GET", f"/facets{query}").json()["size"] == 1
    refused(call(build_app(catalogue, tmp_path), "GET", "/facets?in_stock=perhaps"), 422, "invalid_parameter")


@pytest.mark.parametrize(("bound", "euros"), [("min_price=50", 1), ("max_price=50", 1), ("min_price=5", 2)])
def test_prices_in_several_currencies_are_not_compared(tmp_path: Path, bound: str, euros: int) -> None:
    catalogue = open_catalogue(tmp_path)
    prices = [("EUR", 10), ("EUR", 100), ("JPY", 100), (None, 10)]
    products = [Product(f"p{n}", "T", None, Decimal(price), currency) for n, (currency, price) in enumerate(prices)]
    catalogue.put(products, vectors(len(products)))
    app = build_app(catalogue, tmp_path)
    error = refused(call(app, "GET", f"/facets?{bound}"), 422, "invalid_parameter", "currency is missing", "EUR, JPY")
    assert error["detail"] == {"parameter": "currency", "known": ["EUR", "JPY"]}
    assert call(app, "GET", f"/facets?{bound}&currency=EUR").json()["size"] == euros
    assert call(app, "GET", "/facets?currency=EUR").json()["size"] == 2
    assert call(app, "GET", "/facets").json()["prices"] == [
        {"currency": None, "min": 10, "max": 10, "count": 1},
        {"currency": "EUR", "min": 10, "max": 100, "count": 2},
        {"currency": "JPY", "min": 100, "max": 100, "count": 1},
    ]
    catalogue.delete(["p2"])
    assert call(app, "GET", f"/facets?{bound}").status_code == 200


def repeat_parameter(parameter: str, values: Iterable[str]) -> str:
    return "/facets?" + "&".join(f"{parameter}={value}" for value in values)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (repeat_parameter("color", ["/".join("r" * 600)]), ("color has 600 values", "at most 50")),
        (repeat_parameter("color", ["red/black"] * 26), ("color has 52 values", "at most 50")),
        (repeat_parameter("size", ["38"] * 51), ("size has 51 items", "at most 50")),
        (repeat_parameter("attribute", [f"a{n}:b" for n in range(11)]), ("attribute has 11 names", "at most 10")),
        (
            "&".join([repeat_parameter("size", ["38"] * 40), "brand=acme&" * 40 + "attribute=a:b&" * 21]),
            ("brand, size, attribute have 101 values", "at most 100"),
        ),
    ],
)
def test_more_values_than_a_page_sends_are_refused(leather: FastAPI, address: str, words: tuple[str, ...]) -> None:
    refused(call(leather, "GET", address), 422, "invalid_parameter", *words)


def test_as_many_values_as_allowed_are_answered(leather: FastAPI) -> None:
    many = repeat_parameter("size", ["38"] * 50) + "&brand=acme" * 40 + "&attribute=material:leather" * 10
    assert call(leather, "GET", many).json()["size"] == 1

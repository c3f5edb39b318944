"""Lists of results over HTTP: pages, orders, stock, and cursors that are refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import PRODUCTS
from tests.support.sketch_files import JSON, PNG, sketch_file, strokes_body
from tests.support.writable_server import Shop, opened, own_gallery


@pytest.fixture(scope="module")
def shop(tiny_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    gallery, key = own_gallery(tiny_gallery, tmp_path_factory.mktemp("lists"))
    with opened(gallery, key) as shop:
        yield shop


def ask(client: httpx.Client, **query: Any) -> httpx.Response:
    return client.post("/search", params=query, content=strokes_body(), headers=JSON)


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [result["product_id"] for result in answer.json()["results"]]


def assert_pages_join(pages: list[dict[str, Any]], whole: dict[str, Any]) -> None:
    joined = [result for page in pages for result in page["results"]]
    assert [result["rank"] for result in joined] == list(range(1, len(joined) + 1))
    assert [result["product_id"] for result in joined] == [result["product_id"] for result in whole["results"]]
    assert whole["next"] is None


@pytest.mark.parametrize("query", [{}, {"sort": "price_asc"}, {"sort": "price_desc", "category": "Shoes"}])
def test_pages_of_a_sketch_join_to_one_large_answer(client: httpx.Client, query: dict[str, str]) -> None:
    pages: list[dict[str, Any]] = [ask(client, k=3, **query).json()]
    while pages[-1]["next"]:
        pages.append(ask(client, k=2, cursor=pages[-1]["next"], **query).json())
    assert len(pages) > 1
    assert_pages_join(pages, ask(client, k=100, **query).json())


def test_pages_of_similar_products_and_of_a_photo_join(client: httpx.Client) -> None:
    def similar(**query: Any) -> dict[str, Any]:
        return dict(client.get("/products/boot-1/similar", params=query).json())

    def by_photo(**query: Any) -> dict[str, Any]:
        return dict(
            client.post("/search", params={"kind": "photo", **query}, content=sketch_file(3), headers=PNG).json()
        )

    for request in (similar, by_photo):
        pages = [request(k=5)]
        while pages[-1]["next"]:
            pages.append(request(k=5, cursor=pages[-1]["next"]))
        assert_pages_join(pages, request(k=100))


def test_lists_by_price(client: httpx.Client) -> None:
    priced = {name: float(price.split()[0]) for name, _, price, _ in PRODUCTS if price}
    cheapest = ids(ask(client, sort="price_asc"))
    assert [priced[name] for name in cheapest[:-1]] == sorted(priced.values())
    assert cheapest[-1] == "pump-2"  # which has no price
    assert [priced[name] for name in ids(ask(client, sort="price_desc"))[:-1]] == sorted(priced.values(), reverse=True)


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_cursors_are_checked(client: httpx.Client) -> None:
    cursor = ask(client, k=3).json()["next"]
    forged = ask(client, cursor=f"B{cursor[1:]}")
    assert error(forged) == (422, "invalid_cursor")
    assert "was not made by this gallery: expected the `next` of an answer" in forged.json()["error"]["message"]
    for other in ({"sort": "price_asc"}, {"category": "Shoes"}, {"mirror": "false"}, {"variants": "true"}):
        assert error(ask(client, cursor=cursor, **other)) == (422, "invalid_cursor")
    other_sketch = client.post("/search", params={"cursor": cursor}, content=sketch_file(3), headers=PNG)
    assert "belongs to another search" in other_sketch.json()["error"]["message"]
    similar = client.get("/products/boot-1/similar", params={"cursor": cursor})
    assert error(similar) == (422, "invalid_cursor")
    assert error(ask(client, cursor="x" * 201)) == (422, "invalid_parameter")
    assert error(ask(client, sort="newest")) == (422, "invalid_parameter")


def test_only_changes_before_a_cursor_outdate_it(shop: Shop) -> None:
    first = ask(shop.client, k=6).json()
    names = ids(ask(shop.client, k=100))
    shop.client.patch(f"/products/{names[1]}", json={"price": "1.00 EUR"})
    shop.client.delete(f"/products/{names[8]}")
    assert ids(ask(shop.client, cursor=first["next"])) == [name for name in names[6:] if name != names[8]]
    shop.client.delete(f"/products/{names[2]}")
    outdated = ask(shop.client, cursor=first["next"])
    assert error(outdated) == (410, "outdated_cursor")
    assert "the gallery has changed" in outdated.json()["error"]["message"]


def test_results_have_what_sells_them(shop: Shop) -> None:
    text = "A boot. " * 60
    details = {"price": "60 EUR", "brand": "Acme", "description": text, "availability": "out_of_stock", "size": "41/42"}
    shop.put("sale", 70, 71, **details, attributes={"regular_price": "80 EUR"})
    answer = shop.client.post("/search", content=sketch_file(71), headers=PNG).json()
    sale = next(result for result in answer["results"] if result["product_id"] == "sale")
    assert (sale["price"], sale["regular_price"], sale["brand"], sale["sizes"]) == (60, 80, "Acme", ["41", "42"])
    assert sale["prices"] == [{"currency": "EUR", "min": 60, "max": 60, "regular": 80}]
    assert (sale["availability"], sale["in_stock"]) == ("out_of_stock", False)
    assert sale["description"] == f"{text[:299]}…"
    product = shop.client.get("/products/sale").json()
    assert sale["photo_urls"] == product["photo_urls"] and len(sale["photo_urls"]) == 2
    assert (product["regular_price"], product["description"]) == (80, text)
    shop.client.delete("/products/sale")


def test_the_shop_decides_where_products_out_of_stock_are(tiny_gallery: Path, tmp_path: Path) -> None:
    gallery, key = own_gallery(tiny_gallery, tmp_path)
    with opened(gallery, key) as shop:
        names = ids(ask(shop.client))
        gone = [names[0], names[4]]
        for name in gone:
            shop.client.patch(f"/products/{name}", json={"availability": "out_of_stock"})
        assert ids(ask(shop.client)) == names
        marked = {result["product_id"]: result["in_stock"] for result in ask(shop.client).json()["results"]}
        assert [name for name in names if not marked[name]] == gone
    others = [name for name in names if name not in gone]
    with opened(gallery, key, out_of_stock="last") as shop:
        assert ids(ask(shop.client)) == others + gone
        first = ask(shop.client, k=8).json()
        assert ids(ask(shop.client, cursor=first["next"])) == (others + gone)[8:]
        assert set(ids(ask(shop.client, sort="price_asc"))[-2:]) == set(gone)
        assert shop.client.get("/facets").json()["size"] == 12
    with opened(gallery, key, out_of_stock="hide") as shop:
        assert ids(ask(shop.client)) == others
        assert shop.client.get("/facets").json()["size"] == 10

"""Every route of a running server, without errors."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.conftest import PRODUCTS
from tests.support.sketch_files import PNG, ZIGZAG, sketch_file

RESULT_FIELDS = {
    "product_id", "rank", "distance", "title", "category", "price", "currency", "link", "photo_url", "thumbnail_url",
    "group_id", "variants", "sizes", "colors", "prices", "availability", "in_stock", "brand", "regular_price",
    "description", "photo_urls", "explanation", "category_label", "color_labels",
}  # fmt: skip


def search(client: httpx.Client, seed: int = 3, **query: Any) -> dict[str, Any]:
    response = client.post("/search", params=query, content=sketch_file(seed), headers=PNG)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def ids(answer: dict[str, Any]) -> list[str]:
    return [result["product_id"] for result in answer["results"]]


def test_a_search_finds_what_was_drawn(client: httpx.Client) -> None:
    answer = search(client, seed=3)
    results = answer["results"]
    assert results[0]["product_id"] == PRODUCTS[3][0]
    assert all(set(result) == RESULT_FIELDS for result in results)
    assert [result["rank"] for result in results] == list(range(1, len(PRODUCTS) + 1))
    assert [result["distance"] for result in results] == sorted(result["distance"] for result in results)
    assert answer["gallery"] == {"size": len(PRODUCTS), "revision": len(PRODUCTS)}


def test_timings_add_up(client: httpx.Client) -> None:
    timings = search(client)["timings_ms"]
    total = timings.pop("total")
    assert set(timings) == {"preprocess", "embed", "candidates", "rerank"}
    assert min(timings.values()) > 0 and sum(timings.values()) <= total + 0.01


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_the_ways_to_send_an_image_are_equal(client: httpx.Client, format: str) -> None:
    data = sketch_file(5, format)
    sent = [
        client.post("/search", content=data, headers={"Content-Type": f"image/{format.lower()}"}),
        client.post("/search", content=data, headers={"Content-Type": "application/octet-stream"}),
        client.post("/search", files={"sketch": ("sketch", data)}, data={"other": "text"}),
        client.post("/search", content=iter([data[:100], data[100:]]), headers=PNG),  # of no announced length
    ]
    assert sent[0].json()["results"][0]["product_id"] == PRODUCTS[5][0]
    assert all(response.json()["results"] == sent[0].json()["results"] for response in sent)


def test_strokes_are_searched_whatever_their_unit(client: httpx.Client) -> None:
    whole = client.post("/search", json=ZIGZAG).json()["results"]
    strokes = [[[x / 320, y / 320] for x, y, *_ in stroke] for stroke in ZIGZAG["strokes"]]
    unit = client.post("/search", json={"width": 1, "height": 1, "strokes": strokes}).json()["results"]
    assert len(whole) == len(PRODUCTS)
    assert [result["product_id"] for result in unit] == [result["product_id"] for result in whole]


def test_k_bounds_the_results(client: httpx.Client) -> None:
    assert ids(search(client, k=4)) == ids(search(client, k=100))[:4]


def test_filters(client: httpx.Client) -> None:
    everything = ids(search(client))
    shoes = {name for name, category, *_ in PRODUCTS if category.startswith("Shoes")}
    assert ids(search(client, category="shoes")) == [name for name in everything if name in shoes]
    assert set(ids(search(client, category="Shoes>Boots", min_price="89.5", max_price=100))) == {"boot-2"}
    assert set(ids(search(client, min_price=59.9, max_price="59.90"))) == {"pump-1", "tote-2"}
    nothing = search(client, min_price=5000)
    assert nothing["results"] == [] and nothing["gallery"]["size"] == len(PRODUCTS)


def test_parallel_searches_answer_as_serial_ones_do(client: httpx.Client) -> None:
    seeds = range(20)
    serial = [search(client, seed)["results"] for seed in seeds]
    with ThreadPoolExecutor(20) as pool:
        parallel = list(pool.map(lambda seed: search(client, seed)["results"], seeds))
    for alone, beside_others in zip(serial, parallel, strict=True):  # last digits depend on the number of frames
        distances = [[result.pop("distance") for result in results] for results in (alone, beside_others)]
        assert beside_others == alone and distances[1] == pytest.approx(distances[0], abs=1e-6)


def test_similar_products(client: httpx.Client) -> None:
    answer = client.get("/products/boot-1/similar", params={"k": 3, "category": "Shoes"}).json()
    assert len(ids(answer)) == 3 and "boot-1" not in ids(answer)
    assert all(result["category"].startswith("Shoes") for result in answer["results"])
    assert answer["timings_ms"]["preprocess"] == 0


def test_one_product(client: httpx.Client) -> None:
    product = client.get("/products/boot-1").json()
    assert product["category"] == "Shoes > Boots" and product["color"] == "red" and product["gender"] == "women"
    assert (product["price"], product["currency"]) == (129, "EUR")
    assert (product["photo_width"], product["photo_height"]) == (320, 240)
    assert client.get("/products/pump-2").json()["price"] is None


def test_products_page_by_page(client: httpx.Client) -> None:
    product_ids: list[str] = []
    after = None
    while True:
        page = client.get("/products", params={"limit": 5} | ({"after": after} if after else {})).json()
        product_ids += [product["product_id"] for product in page["products"]]
        after = page["next"]
        if after is None:
            break
    assert product_ids == sorted(name for name, *_ in PRODUCTS)


def test_categories_are_counted_with_what_is_below(client: httpx.Client) -> None:
    categories = client.get("/categories").json()["categories"]
    counts = {entry["category"]: entry["count"] for entry in categories}
    assert counts["Shoes"] == 5 and counts["Shoes > Boots"] == 2 and counts["Bags"] == 3


def test_photos_are_kept_by_browsers_for_ever(client: httpx.Client) -> None:
    product = client.get("/products/sofa-1").json()
    for url in (product["photo_url"], product["thumbnail_url"]):
        response = client.get(url)
        assert response.status_code == 200 and response.content[8:12] == b"WEBP"
        assert response.headers["content-type"] == "image/webp"
        assert "immutable" in response.headers["cache-control"]
        assert "content-encoding" not in response.headers


@pytest.mark.parametrize("path", ["/", "/widget-example"])
def test_the_page_runs_nothing_but_its_files(client: httpx.Client, path: str) -> None:
    page = client.get(path)
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=", page.text)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy and "unsafe" not in policy
    assert ("frame-src" in policy) == (path == "/widget-example")


@pytest.mark.parametrize("path", ["/", "/products", "/static/js/main.js", "/sw.js", "/widget.js", "/nowhere", "/docs"])
def test_every_response_has_the_security_headers(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"] and "referrer-policy" in headers
    is_page = headers["content-type"].startswith("text/html")
    assert ("cross-origin-opener-policy" in headers) == ("permissions-policy" in headers) == is_page


def test_text_is_compressed(client: httpx.Client) -> None:
    assert client.get("/").headers["content-encoding"] == "gzip"
    response = client.post("/search", json=ZIGZAG)
    assert response.headers["content-encoding"] == "gzip" and len(response.json()["results"]) == len(PRODUCTS)


@pytest.mark.parametrize("path", ["/", "/healthz", "/products/boot-1", "/static/js/main.js"])
def test_head_is_get_without_the_body(client: httpx.Client, path: str) -> None:
    got, head = client.get(path), client.head(path)
    assert head.status_code == got.status_code == 200 and head.content == b""
    assert head.headers["content-type"] == got.headers["content-type"]
    assert head.headers["content-length"] == got.headers["content-length"]


def test_monitors_get_their_answers(client: httpx.Client) -> None:
    assert client.get("/healthz").json()["status"] == "ok"
    assert client.get("/readyz").json() == {"status": "ready", "database": "up", "photos": "up"}


def test_openapi_documents_bodies_answers_and_errors(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    posted = document["paths"]["/search"]["post"]
    bodies = posted["requestBody"]["content"]
    assert {"application/json", "multipart/form-data", "image/png", "application/octet-stream"} <= set(bodies)
    assert set(bodies["application/json"]["schema"]["required"]) == {"width", "height", "strokes"}
    assert {"200", "400", "413", "415", "422", "500", "503"} <= set(posted["responses"])
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                schema = next(iter(response["content"].values())).get("schema", {})
                expected = "ErrorResponse" if int(status) >= 400 else "ErrorResponse.never"
                assert (schema.get("$ref", "").endswith(expected)) == (int(status) >= 400), (path, status)


def test_docs_are_there(client: httpx.Client) -> None:
    page = client.get("/docs").text
    assert "swagger-ui" in page and "//" not in page.replace("// ", "")  # nothing from elsewhere: works offline
    for asset in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert client.get(asset).status_code == 200

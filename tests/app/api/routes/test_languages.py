"""Products in several languages over HTTP: written in every way, and shown in the language that is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.sketch_files import JSON, refused, strokes_body
from tests.support.writable_server import Shop, opened, own_gallery

CSV, JSON_LINES = {"Content-Type": "text/csv"}, {"Content-Type": "application/jsonl"}
GERMAN = {"title_de": "Roter Stiefel", "category_de": "Schuhe > Stiefel", "color_de": ["Rot", "Schwarz"]}
BOOT = {"title": "Red boot", "category": "Shoes > Boots", "color": ["red", "black"], **GERMAN}


@pytest.fixture(scope="module")
def shop(tiny_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    gallery, key = own_gallery(tiny_gallery, tmp_path_factory.mktemp("languages"))
    with opened(gallery, key) as shop:
        assert shop.put("boot", 40, **BOOT).status_code == 201
        yield shop


def search(shop: Shop, **query: Any) -> dict[str, dict[str, Any]]:
    """Return the results of a sketch by the ids of products."""
    answer = shop.client.post("/search", params=query, content=strokes_body(), headers=JSON)
    assert answer.status_code == 200, answer.text
    return {result["product_id"]: result for result in answer.json()["results"]}


def test_answers_are_in_the_language_that_is_asked_for(shop: Shop) -> None:
    own, german = search(shop), search(shop, lang="de-AT")
    assert own.keys() == german.keys() and "boot" in own
    shown = {"title": "Roter Stiefel", "category_label": "Schuhe > Stiefel", "color_labels": ["Schwarz", "Rot"]}
    assert german["boot"] == own["boot"] | shown and german["sofa-1"] == own["sofa-1"]
    assert own["boot"]["category_label"] == "Shoes > Boots" and own["boot"]["color_labels"] == ["black", "red"]
    similar = shop.client.get("/products/boot-1/similar", params={"lang": "de", "q": "roter"}).json()["results"]
    assert [result["title"] for result in similar] == ["Roter Stiefel"]
    plain, shown = (shop.client.get("/products/boot", params=query).json() for query in ({}, {"lang": "de"}))
    assert shown == plain | {
        **{"title": "Roter Stiefel", "category_label": "Schuhe > Stiefel", "color_label": "Rot/Schwarz"},
    }
    assert plain["translations"]["de"]["color"] == "Rot/Schwarz" and plain["translations"]["de"]["link"] is None
    page = shop.client.get("/products", params={"lang": "de", "after": "bo", "limit": 1}).json()
    assert page["products"] == [{name: shown[name] for name in page["products"][0]}]


@pytest.mark.parametrize("lang", [None, "de", "fr"])
def test_filters_take_canonical_values_in_every_language(shop: Shop, lang: str | None) -> None:
    query = {} if lang is None else {"lang": lang}
    facets = shop.client.get("/facets", params=query).json()
    labels = {entry["category"]: entry["label"] for entry in facets["categories"]}
    assert labels["Shoes > Pumps"] == ("Schuhe > Pumps" if lang == "de" else "Shoes > Pumps")
    assert shop.client.get("/categories", params=query).json()["categories"] == facets["categories"]
    colors = {entry["color"]: entry["label"] for entry in facets["colors"]}
    assert colors["Red"] == ("Rot" if lang == "de" else "Red")
    for category in labels:
        counted = shop.client.get("/facets", params={**query, "category": category}).json()
        found = search(shop, **query, category=category, k=100)
        assert counted["size"] == len(found) > 0
        assert all((result["category"] or "").startswith(category) for result in found.values())
    for label in ("Schuhe", "Schuhe > Stiefel"):
        refused(shop.client.get("/facets", params={**query, "category": label}), 422, "unknown_category")


def test_texts_are_changed_one_by_one_and_kept_by_language(shop: Shop) -> None:
    def texts(name: str) -> dict[str, dict[str, str]]:
        stored = shop.client.get(f"/products/{name}").json()["translations"]
        return {code: {key: text for key, text in of.items() if text} for code, of in stored.items()}

    shop.put("a", 41, title="Bag", title_de="Tasche", description_de="Groß", title_fr="Sac")
    patched = shop.client.patch("/products/a", json={"description_de": None, "color_de": "Rot", "price": "5 EUR"})
    assert patched.status_code == 200, patched.text
    assert texts("a") == {"de": {"title": "Tasche", "color": "Rot"}, "fr": {"title": "Sac"}}
    shop.put("a", title="Bag", title_de="Beutel", title_fr=None)
    assert texts("a") == {"de": {"title": "Beutel"}}
    shop.put("a", title="Big bag")
    assert texts("a") == {"de": {"title": "Beutel"}}
    lines = [{"product_id": "a", "title_es": "Bolso"}, {"product_id": "a", "title_jp": "Kaban"}]
    body = "\n".join(map(json.dumps, lines))
    report = shop.client.patch("/products", content=body, headers=JSON_LINES).json()
    assert (report["changed"], report["error_count"]) == (1, 1)
    assert report["errors"][0]["reason"].startswith("title_jp is unknown: expected some of product_id, title,")
    assert texts("a") == {"de": {"title": "Beutel"}, "es": {"title": "Bolso"}}
    feed = "id,title,price,image_link\na,Tasche,99 EUR,http://nowhere/x.png\nzzz,Hut,,\n"
    done = shop.finished(shop.client.post("/products/import?language=DE", content=feed, headers=CSV))
    assert (done["language"], done["updated"], done["errors"][0]["where"]) == ("de", 1, "line 3")
    assert texts("a")["de"] == {"title": "Tasche"} and shop.client.get("/products/a").json()["price"] is None
    assert shop.client.post("/search?q=taschen&lang=de").json()["results"][0]["product_id"] == "a"


def test_bad_codes_are_refused(shop: Shop) -> None:
    error = refused(shop.client.get("/facets?lang=german"), 422, "invalid_parameter", "lang: language 'german'", "'de'")
    assert error["detail"] == {"parameter": "lang"}
    refused(shop.client.post("/search?lang=jp&q=boot"), 422, "invalid_parameter", "'jp' is unknown")
    imported = shop.client.post("/products/import?language=cz", content="id,title\n", headers=CSV)
    refused(imported, 422, "invalid_parameter", "language: language 'cz' is unknown")
    complete = shop.client.post("/products/import?language=de&complete=true", content="id,title\n", headers=CSV)
    refused(complete, 422, "invalid_parameter", "complete is true: expected false with language")
    refused(shop.put("b", 42, title_de=["a", "b"]), 422, "invalid_product", "title_de has 2 texts: expected one")
    refused(shop.put("b", 42, title_de=5), 422, "invalid_product", "title_de is 5: expected a text")

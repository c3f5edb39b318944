"""Searches by words over HTTP, with and without a sketch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.sketch_files import JSON, refused, strokes_body
from tests.support.writable_server import opened, own_gallery


def with_sketch(client: httpx.Client, **query: Any) -> dict[str, Any]:
    answer = client.post("/search", params=query, content=strokes_body(), headers=JSON)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def alone(client: httpx.Client, **query: Any) -> dict[str, Any]:
    answer = client.post("/search", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ids(answer: dict[str, Any]) -> list[str]:
    return [result["product_id"] for result in answer["results"]]


def test_a_sketch_ranks_what_has_the_words(client: httpx.Client) -> None:
    plain = with_sketch(client)
    assert plain["words"] is None
    found = with_sketch(client, q="boot number")
    assert ids(found) == [name for name in ids(plain) if name.startswith("boot")]
    assert found["words"] == {"corrected": [], "dropped": []}
    black = with_sketch(client, q="boots", color="black")
    assert ids(black) == ["boot-2"]


def test_words_alone_rank_titles_first(client: httpx.Client) -> None:
    found = alone(client, q="boot")
    assert (ids(found), found["kind"], found["confident"]) == (["boot-1", "boot-2"], "words", True)
    assert [result["distance"] for result in found["results"]] == [0, 0]
    assert found["gallery"]["size"] == 12 and found["timings_ms"]["embed"] >= 0
    assert ids(alone(client, q="red", sort="price_desc"))[0] == "sofa-1"
    assert len(ids(alone(client, q="number", k=3))) == 3
    page = alone(client, q="number", k=5)
    rest = alone(client, q="number", k=100, cursor=page["next"])
    assert ids(page) + ids(rest) == ids(alone(client, q="number", k=100))


def test_an_answer_says_which_words_were_corrected_and_dropped(client: httpx.Client) -> None:
    for answer in (alone(client, q="Stoll qwertz"), client.get("/facets", params={"q": "Stoll qwertz"}).json()):
        corrected = [{"word": "stoll", "taken_for": ["stool"]}]
        assert answer["words"] == {"corrected": corrected, "dropped": ["qwertz"]}
    nothing = alone(client, q="qwertz")
    assert (nothing["results"], nothing["words"]["dropped"]) == ([], ["qwertz"])
    assert ids(with_sketch(client, q="qwertz")) == ids(with_sketch(client))


def test_facets_count_what_has_the_words(client: httpx.Client) -> None:
    facets = client.get("/facets", params={"q": "totes"}).json()
    assert facets["size"] == 2 and [count["category"] for count in facets["categories"]] == ["Bags", "Bags > Totes"]
    assert client.get("/facets").json()["words"] is None
    assert client.get("/facets", params={"q": " ?! "}).json()["words"] is None


def test_too_much_text_is_refused(client: httpx.Client) -> None:
    refused(client.get("/facets", params={"q": "x" * 201}), 422, "invalid_parameter")
    many = client.post("/search", params={"q": "a b c d e f g h i j k l m n o p q r s t u"})
    refused(many, 422, "invalid_parameter")
    assert "which has 21 words: expected at most 20" in many.json()["error"]["message"]
    assert alone(client, q="boot\0")["words"] == {"corrected": [], "dropped": []}


@pytest.mark.parametrize("query", [{}, {"q": ""}, {"q": " ?! "}])
def test_a_search_needs_a_sketch_or_words(client: httpx.Client, query: dict[str, str]) -> None:
    empty = client.post("/search", params=query)
    refused(empty, 400, "empty_body")
    assert "or words in the parameter q" in empty.json()["error"]["message"]


def test_the_language_of_the_shop_decides_which_forms_are_one_word(tiny_gallery: Path, tmp_path: Path) -> None:
    gallery, key = own_gallery(tiny_gallery, tmp_path)
    with opened(gallery, key, language="de") as shop:
        shop.put("chair", 5, title="Rote Stühle für Kinder")
        assert ids(alone(shop.client, q="roter stuhl ")) == ["chair"]
        assert ids(alone(shop.client, q="stuhl für ")) == ["chair"]
        shop.client.patch("/products/chair", json={"title": "Grüner Tisch"})
        assert alone(shop.client, q="stuhl für ")["words"]["dropped"] == ["stuhl"]
        assert ids(alone(shop.client, q="grüne tische ")) == ["chair"]
    with opened(gallery, key) as shop:
        assert alone(shop.client, q="grüne ")["words"]["corrected"] == [{"word": "grüne", "taken_for": ["grüner"]}]

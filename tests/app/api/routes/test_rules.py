"""Rules of a shop's file over HTTP: what they hide, move and pin, and who may see how."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.gallery.layout import CATALOGUE_FILE
from tests.support.sketch_files import ZIGZAG, refused
from tests.support.writable_server import Shop, opened, own_gallery

RULES = """
bound = 1.0
[[rule]]
name = "Recall"
hide = true
where = { product_id = ["boot-2"] }
[[rule]]
name = "Stools first"
boost = 1
where = { category = "Chairs" }
[[rule]]
name = "Campaign"
pin = { position = 1, words = "number" }
where = { product_id = "sofa-1" }
[[rule]]
name = "Over"
hide = true
where = { category = "Chairs" }
until = 2020-01-01
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rules") / "rules.toml"
    path.write_text(RULES)
    return path


@pytest.fixture(scope="module")
def keys(tiny_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """Copy a gallery, and add a write key and a read key to it."""
    gallery, key = own_gallery(tiny_gallery, tmp_path_factory.mktemp("rules"))
    catalogue = Catalogue(sqlite_url(gallery / CATALOGUE_FILE))
    reader = catalogue.keys.add("reader", "read")
    catalogue.close()
    return gallery, key, reader


@pytest.fixture(scope="module")
def shop(keys: tuple[Path, str, str], rules: Path) -> Iterator[Shop]:
    gallery, key, _ = keys
    with opened(gallery, key, rules=rules) as shop:
        yield shop


def search(shop: Shop, **query: Any) -> list[dict[str, Any]]:
    answer = shop.client.post("/search", params=query, json=None if "q" in query else ZIGZAG)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])


def ids(results: list[dict[str, Any]]) -> list[str]:
    return [result["product_id"] for result in results]


def test_hidden_products_are_in_no_list_and_no_count(shop: Shop) -> None:
    similar = shop.client.get("/products/boot-1/similar").json()["results"]
    assert "boot-2" not in ids(search(shop)) + ids(search(shop, q="boot")) + ids(similar)
    assert shop.client.get("/facets").json()["size"] == 11
    assert shop.client.get("/products/boot-2").status_code == 200


def test_an_explanation_has_rules_and_places(shop: Shop) -> None:
    explained = search(shop, explain=True, k=5)
    assert ids(explained) == ids(search(shop, k=5)) and search(shop, k=5)[0]["explanation"] is None
    for result in explained:
        boost = {"name": "Stools first", "effect": "boost", "weight": 1, "position": None}
        is_boosted = (result["category"] or "").startswith("Chairs")
        explanation = result["explanation"]
        assert explanation["rules"] == [boost] * is_boosted
        assert (explanation["distance_without_rules"] > result["distance"]) == is_boosted
        assert explanation["rank_without_rules"] >= result["rank"] or not is_boosted
    first = search(shop, q="number", explain=True)[0]
    assert (first["product_id"], first["explanation"]["rules"][-1]["position"]) == ("sofa-1", 1)
    assert first["explanation"]["rules"][-1]["effect"] == "pin"
    cursor = shop.client.post("/search", params={"q": "number", "k": 1}).json()["next"]
    second = search(shop, q="number", cursor=cursor, explain=True)[0]
    assert second["rank"] == 2 and second["product_id"] == ids(search(shop, q="number"))[1]
    similar = shop.client.get("/products/boot-1/similar", params={"explain": True}).json()["results"]
    assert all(result["explanation"]["rank_without_rules"] for result in similar)


def test_explanations_need_a_write_key(shop: Shop, keys: tuple[Path, str, str]) -> None:
    with httpx.Client(base_url=str(shop.client.base_url)) as stranger:
        for answer in (
            stranger.post("/search", params={"explain": True}, json=ZIGZAG),
            stranger.get("/products/boot-1/similar", params={"explain": True}),
        ):
            refused(answer, 401, "missing_key")
        for key, status, code in (("sk_x", 401, "wrong_key"), (keys[2], 403, "read_only_key")):
            path, headers = "/products/boot-1/similar?explain=true", {"X-API-Key": key}
            refused(stranger.get(path, headers=headers), status, code)
        assert stranger.post("/search", params={"explain": False}, json=ZIGZAG).status_code == 200


def test_a_changed_file_counts_unless_it_is_wrong(
    shop: Shop, rules: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("app.rules.rules_watch._INTERVAL", 0)
    with caplog.at_level("INFO", logger="app.rules"):
        rules.write_text(RULES.replace("boost = 1", "boost = 2"))
        assert "boot-2" not in ids(search(shop))
        assert "boot-2" not in ids(search(shop))
        rules.write_text(RULES.replace('["boot-2"]', '["boot-1"]'))
        assert "boot-2" in ids(search(shop)) and "boot-1" not in ids(search(shop))
        os.remove(rules)
        assert "boot-1" not in ids(search(shop))
        rules.write_text(RULES)
        assert "boot-2" not in ids(search(shop))
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 4
    assert messages[0].startswith("the rules stay as they were: ") and "boost is 2: expected at most 1" in messages[0]
    assert messages[1].endswith("has changed: 4 rules") and "cannot be read: No such file" in messages[2]

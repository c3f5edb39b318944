"""Rules of a shop over HTTP: what they hide, move and pin, and who may see and replace them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.database.merchandising.stored_rules import version_of
from app.gallery.layout import CATALOGUE_FILE
from app.rules.rule import ActiveRules
from app.serving.shop_rules import ShopRules
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
DOCUMENT: dict[str, Any] = {"rule": [{"name": "Recall", "hide": True, "where": {"product_id": ["boot-2"]}}]}


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


def test_the_rules_of_a_request_are_chosen_once(shop: Shop, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[Path | None] = []

    def choose(own: ShopRules) -> ActiveRules:
        chosen.append(own.path)
        return active(own)

    active = ShopRules.active
    monkeypatch.setattr(ShopRules, "active", choose)
    search(shop)
    assert chosen.count(rules) == 1  # other servers of this process may be asked meanwhile


def test_rules_of_a_file_are_shown_and_cannot_be_replaced(shop: Shop, rules: Path) -> None:
    answer = shop.client.get("/rules")
    assert answer.headers["etag"] == f'"{version_of(RULES)}"'
    assert answer.json()["bound"] == 1 and answer.json()["rule"][3]["until"] == "2020-01-01"
    headers = {"If-Match": answer.headers["etag"]}
    refused(shop.client.put("/rules", json={}, headers=headers), 409, "rules_in_file", str(rules), "SKETCHFIND_RULES")
    try:
        rules.write_text("limit = 1")
        refused(shop.client.get("/rules"), 409, "unusable_rules", "limit is not a key")
    finally:
        rules.write_text(RULES)


def test_stored_rules_are_replaced_by_those_who_have_seen_them(keys: tuple[Path, str, str]) -> None:
    with opened(*keys[:2]) as shop:
        put = partial(shop.client.put, "/rules")
        before = shop.client.get("/rules")
        assert before.json() == {"bound": 0.3, "rule": []}
        refused(put(json=DOCUMENT), 428, "missing_if_match", "expected the ETag of `GET /rules`")
        written = put(json=DOCUMENT, headers={"If-Match": f"W/{before.headers['etag']}"})
        assert written.status_code == 200 and written.json()["rule"] == DOCUMENT["rule"]
        assert "boot-2" not in ids(search(shop))
        present = shop.client.get("/rules")
        assert (present.json(), present.headers["etag"]) == (written.json(), written.headers["etag"])
        late = put(json={}, headers={"If-Match": before.headers["etag"]})
        refused(late, 412, "rules_changed", "read them again")
        for body, message in (
            ({"rule": [{**DOCUMENT["rule"][0], "boost": 1}]}, "rule 1 ('Recall') has boost and hide: expected one of"),
            ({"rules": []}, "rules is not a key: expected one of bound, rule"),
            ([], "the rules are []: expected an object"),
        ):
            error = refused(put(json=body, headers={"If-Match": "*"}), 422, "invalid_rules", message)
            assert error["detail"]["problems"][0] == error["message"]
        headers = {"If-Match": "*", "Content-Type": "application/json"}
        refused(put(content=b'{"bound": NaN}', headers=headers), 422, "invalid_rules", "the body is not valid JSON")
        refused(put(content=b"{}", headers={"If-Match": "*"}), 415, "unsupported_media_type")
        assert put(json={}, headers={"If-Match": f'"x", {present.headers["etag"]}'}).status_code == 200
        assert "boot-2" in ids(search(shop))

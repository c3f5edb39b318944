"""POST /events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.database.analytics.reading import iterate_events
from app.database.analytics.records import Event
from app.gallery.layout import CATALOGUE_FILE
from tests.support.sketch_files import JSON, refused, strokes_body
from tests.support.writable_server import Shop, opened, own_gallery

SESSION = "9f86d081884c7d659a2feaa0c55ad015"


@pytest.fixture(scope="module")
def shop(tiny_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with opened(*own_gallery(tiny_gallery, tmp_path_factory.mktemp("events")), events=True) as shop:
        yield shop


def search(shop: Shop, query: str = "") -> dict[str, Any]:
    answer = shop.client.post(f"/search{query}", content=strokes_body(), headers=JSON)
    return dict(answer.json())


def stored(shop: Shop) -> list[Event]:
    catalogue = Catalogue(sqlite_url(shop.gallery / CATALOGUE_FILE))
    with catalogue.moment() as connection:
        events = list(iterate_events(connection, "0", "9"))
    catalogue.close()
    return events


def body(*events: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"session": SESSION, "events": list(events), **changes}


def test_what_became_of_a_search_is_stored_when_it_is_acknowledged(shop: Shop) -> None:
    answer = search(shop, "?k=1")
    shown, opened_one = {"kind": "shown", "search_id": answer["search_id"]}, answer["results"][0]["product_id"]
    tapped = {"search_id": answer["search_id"], "product_id": opened_one}
    sent = body(shown, {"kind": "opened", **tapped, "rank": 1}, {"kind": "shop", **tapped}, shown)
    receipt = shop.client.post("/events", json=sent)
    assert receipt.status_code == 200 and receipt.json() == {"accepted": 4, "ignored": 0}
    events = stored(shop)
    assert [(each.kind, each.product_id, each.rank) for each in events] == [
        ("opened", opened_one, 1),
        ("shop", opened_one, None),
        ("shown", "", None),
    ]
    assert {(each.session, each.checkpoint, each.outcome) for each in events} == {
        (SESSION, answer["checkpoint"], "found")
    }
    assert shop.client.get("/healthz").json()["checkpoint"] == answer["checkpoint"]


def test_only_searches_have_an_id_and_only_their_first_pages(shop: Shop) -> None:
    first = search(shop, "?k=1")
    assert search(shop, f"?k=1&cursor={first['next']}")["search_id"] is None
    assert shop.client.get("/products/boot-1/similar").json()["search_id"] is None
    assert search(shop, "?k=1")["search_id"] not in (None, first["search_id"])


def test_events_of_unknown_searches_are_ignored(shop: Shop) -> None:
    before = stored(shop)
    receipt = shop.client.post("/events", json=body({"kind": "shown", "search_id": "no-search"}))
    assert receipt.json() == {"accepted": 0, "ignored": 1} and stored(shop) == before


def test_searches_without_results_are_counted(shop: Shop) -> None:
    def none_counted() -> float:
        lines = shop.client.get("/metrics").text.splitlines()
        return sum(
            float(line.split()[-1])
            for line in lines
            if line.startswith("sketchfind_search_outcomes_total{") and '"none"' in line
        )

    before = none_counted()
    assert search(shop, "?min_price=5000")["results"] == []
    assert none_counted() == before + 1


EVENT = {"kind": "opened", "search_id": "x", "product_id": "boot-1"}


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (body(session="me"), "session is 'me': expected a text that matches"),
        (body(), "events"),
        (body(*[EVENT] * 51), "events"),
        (body(EVENT | {"kind": "bought"}), "events[0].kind is 'bought'"),
        (body(EVENT | {"name": "John"}), "events[0].name"),
        (body(EVENT | {"rank": 0}), "events[0].rank is 0"),
        (body(EVENT | {"rank": 501}), "events[0].rank is 501"),
        (body(EVENT | {"product_id": "a\0"}), "events[0].product_id"),
        (body(EVENT | {"product_id": None}), "with the product_id that was opened"),
        (body(EVENT | {"kind": "shown"}), "without product_id and rank"),
        ([], "the body is"),
    ],
)
def test_wrong_events_are_refused(shop: Shop, sent: Any, words: str) -> None:
    refused(shop.client.post("/events", json=sent), 422, "invalid_parameter", words)


def test_bodies_that_are_no_events_are_refused(shop: Shop) -> None:
    refused(shop.client.post("/events", content=b"{", headers=JSON), 422, "invalid_parameter")
    refused(shop.client.post("/events", headers=JSON), 400, "empty_body")
    refused(shop.client.post("/events", content=b"[]"), 415, "unsupported_media_type")
    refused(shop.client.post("/events", content=bytes(2**16 + 1), headers=JSON), 413, "body_too_large")
    encoded = json.dumps(body(EVENT)).encode()
    refused(
        shop.client.post("/events", content=encoded, headers=JSON | {"Content-Encoding": "gzip"}),
        415,
        "unsupported_media_type",
    )


def test_unless_it_is_switched_on_nothing_is_counted(tiny_gallery: Path, client: Any) -> None:
    assert client.post("/search", content=strokes_body(), headers=JSON).json()["search_id"] is None
    refused(client.post("/events", json=body(EVENT)), 403, "events_off", "SKETCHFIND_EVENTS=true")

"""Two checkpoints that search one gallery."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.database.analytics.reading import iterate_events
from app.gallery.layout import GalleryLocation
from app.observability.build_info import short_hash
from app.serving.challenge.challenge import is_challenged
from app.settings import SettingsError, load_settings
from index_builder.gallery.build import build
from index_builder.gallery.reembed import reembed
from model.checkpoint import load_checkpoint
from tests.conftest import serving
from tests.support.postgres import Postgres
from tests.support.sketch_files import JSON, strokes_body
from tests.support.writable_server import Shop, opened, own_gallery

SESSIONS = [f"{number:032x}" for number in range(40)]
OURS, THEIRS = (next(each for each in SESSIONS if is_challenged(each) is is_other) for is_other in (False, True))


@pytest.fixture(scope="module")
def shop(tiny_gallery: Path, other_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Serve a gallery that the other checkpoint challenges, once that has embedded all photos."""
    gallery, key = own_gallery(tiny_gallery, tmp_path_factory.mktemp("challenge"))
    with challenged(gallery, key, other_checkpoint) as shop:
        yield shop


@contextmanager
def challenged(gallery: Path, key: str, challenger: Path, **settings: Any) -> Iterator[Shop]:
    """Serve a gallery, and wait until the challenger has embedded all photos."""
    with opened(gallery, key, events=True, challenger=challenger, **settings) as shop:
        deadline = time.monotonic() + 30
        while search(shop.client, THEIRS)["checkpoint"] == search(shop.client, OURS)["checkpoint"]:
            assert time.monotonic() < deadline, "the challenger was not opened"
            time.sleep(0.1)
        yield shop


def search(client: httpx.Client, session: str | None = None, path: str = "/search", **query: Any) -> dict[str, Any]:
    headers = JSON if session is None else JSON | {"X-Session": session}
    method = "GET" if path.endswith("/similar") else "POST"
    answer = client.request(method, path, params=query, content=strokes_body(), headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ranking(answer: dict[str, Any]) -> list[str]:
    return [result["product_id"] for result in answer["results"]]


def distances(answer: dict[str, Any]) -> list[float]:
    return [result["distance"] for result in answer["results"]]


def test_half_of_the_sessions_are_challenged() -> None:
    assert 10 <= sum(map(is_challenged, SESSIONS)) <= 30
    assert not any(map(is_challenged, [None, "", "x", OURS.upper() + "0", THEIRS[:-1]]))


def test_the_challenger_answers_as_a_gallery_of_its_checkpoint(
    shop: Shop, tiny_gallery: Path, other_checkpoint: Path, tmp_path: Path
) -> None:
    gallery = Path(shutil.copytree(tiny_gallery, tmp_path / "gallery"))
    reembed(GalleryLocation(gallery), other_checkpoint)
    similar = "/products/boot-1/similar"
    with serving(gallery) as url, httpx.Client(base_url=url, timeout=30) as client:
        challenging, alone = search(shop.client, THEIRS), search(client)
        assert ranking(challenging) == ranking(alone)
        assert distances(challenging) == pytest.approx(distances(alone), rel=1e-4)
        assert ranking(search(shop.client, THEIRS, similar)) == ranking(search(client, path=similar))
    assert ranking(search(shop.client, OURS)) != ranking(search(shop.client, THEIRS))
    assert search(shop.client, THEIRS)["checkpoint"] == short_hash(load_checkpoint(other_checkpoint).sha256)
    assert search(shop.client)["checkpoint"] == search(shop.client, OURS)["checkpoint"]


def test_a_list_is_continued_by_the_checkpoint_that_began_it(shop: Shop) -> None:
    first = search(shop.client, THEIRS, k=5)
    second = search(shop.client, THEIRS, k=5, cursor=first["next"])
    assert ranking(first) + ranking(second) == ranking(search(shop.client, THEIRS, k=10))


def test_the_challenger_follows_changes(shop: Shop) -> None:
    assert shop.put("new", 40, title="New").status_code == 201
    deadline = time.monotonic() + 10
    while "new" not in ranking(search(shop.client, THEIRS, k=100)):
        assert time.monotonic() < deadline, "the challenger does not find a new product"
        time.sleep(0.1)
    assert shop.client.patch("/products/new", json={"price": "7.00 EUR"}).status_code == 200
    prices = {each["product_id"]: each["price"] for each in search(shop.client, THEIRS, k=100)["results"]}
    assert prices["new"] == 7
    assert shop.client.delete("/products/new").status_code == 200
    assert "new" not in ranking(search(shop.client, THEIRS, k=100))


def test_the_winner_has_all_embeddings_already_and_is_served_by_both(shop: Shop, other_checkpoint: Path) -> None:
    check_winner(shop, GalleryLocation(shop.gallery), other_checkpoint)


def check_winner(shop: Shop, location: GalleryLocation, winner: Path) -> None:
    """Make the challenger the gallery's checkpoint, and check that both halves of the sessions are searched by it."""
    assert reembed(location, winner).embedded == 0
    deadline = time.monotonic() + 20
    while search(shop.client, OURS)["checkpoint"] != search(shop.client, THEIRS)["checkpoint"]:
        assert time.monotonic() < deadline, "the gallery's own runtime was not swapped"
        time.sleep(0.1)
    assert shop.put("late", 41).status_code == 201
    deadline = time.monotonic() + 10
    while "late" not in ranking(search(shop.client, THEIRS, k=100)):
        assert time.monotonic() < deadline, "the challenger does not follow the gallery any more"
        time.sleep(0.1)
    assert ranking(search(shop.client, OURS, k=100)) == ranking(search(shop.client, THEIRS, k=100))


def test_a_challenger_on_a_database_server_searches_follows_counts_and_wins(
    postgres: Postgres, feed: Path, tiny_checkpoint: Path, other_checkpoint: Path, tmp_path: Path
) -> None:
    location = GalleryLocation(tmp_path / "gallery", postgres.place())
    build(feed, location, tiny_checkpoint)
    with closing(location.open_catalogue()) as catalogue:
        key = catalogue.keys.add("shop", "write")
    with challenged(location.directory, key, other_checkpoint, catalogue=location.url) as shop:
        theirs = search(shop.client, THEIRS)
        assert len(ranking(theirs)) == 12 and ranking(theirs) != ranking(search(shop.client, OURS))
        event = {"kind": "opened", "search_id": theirs["search_id"], "product_id": ranking(theirs)[0], "rank": 1}
        answer = shop.client.post("/events", json={"session": THEIRS, "events": [event]})
        assert answer.json() == {"accepted": 1, "ignored": 0}
        with closing(location.open_catalogue()) as catalogue, catalogue.moment() as connection:
            [stored] = iterate_events(connection, "2000-01-01", "3000-01-01")
        assert (stored.checkpoint, stored.session) == (short_hash(load_checkpoint(other_checkpoint).sha256), THEIRS)
        test_the_challenger_follows_changes(shop)
        check_winner(shop, location, other_checkpoint)


def test_a_challenger_needs_sessions(tiny_gallery: Path, other_checkpoint: Path) -> None:
    with pytest.raises(SettingsError, match="SKETCHFIND_EVENTS is false: expected true with SKETCHFIND_CHALLENGER"):
        load_settings(gallery=tiny_gallery, challenger=other_checkpoint)

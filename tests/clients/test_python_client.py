"""The Python client, synchronous and asynchronous, against a real server."""

from __future__ import annotations

import ast
import inspect
import sys
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from packaging.requirements import Requirement

from sketchfind_client import AsyncClient, Client, SketchfindError, requests
from sketchfind_client.types import Event, Import, ProductPatch, SearchOptions, Strokes
from tests.clients.blocking import BlockingClient
from tests.clients.conftest import Served
from tests.conftest import PRODUCTS
from tests.support.sketch_files import ZIGZAG, sketch_file
from tests.support.writable_server import photo

CLIENTS = [Client, cast(type[Client], BlockingClient)]
SKETCH = cast(Strokes, ZIGZAG)


@pytest.fixture(params=CLIENTS, ids=["sync", "async"])
def client(request: pytest.FixtureRequest, served: Served) -> Iterator[Client]:
    client: Client = request.param(served.address, served.key)
    yield client
    client.close()


def ids(answer: Any) -> list[str]:
    return [result["product_id"] for result in answer["results"]]


def test_a_sketch_is_strokes_bytes_or_a_path(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "sketch.png"
    file.write_bytes(sketch_file(3))
    answer = client.search(file, k=3)
    assert ids(answer)[0] == PRODUCTS[3][0] and [result["rank"] for result in answer["results"]] == [1, 2, 3]
    assert client.search(str(file), k=3)["results"] == answer["results"]
    assert client.search(file.read_bytes(), k=3, kind="auto")["results"] == answer["results"]
    assert len(client.search(SKETCH, k=5, mirror=False)["results"]) == 5
    part = client.search(file, crop=(0, 0, 1, 0.5))["object"]
    assert part == {"left": 0, "top": 0, "right": 1, "bottom": 0.5, "guessed": False}


def test_filters_are_texts_lists_numbers_and_booleans(client: Client) -> None:
    assert set(ids(client.search(SKETCH, color=["black"], category="Shoes"))) == {"boot-2", "pump-1"}
    assert set(ids(client.search(SKETCH, min_price=59.9, max_price="59.90", in_stock=True))) == {"pump-1", "tote-2"}
    worded = client.search(q="boot qwertz")
    assert ids(worded) == ["boot-1", "boot-2"]
    assert worded["words"] is not None and worded["words"]["dropped"] == ["qwertz"]
    assert worded["kind"] == "words" and set(ids(client.search(SKETCH, q="boot"))) == {"boot-1", "boot-2"}
    assert len(ids(client.search(SKETCH, variants=True, color="red"))) > 5
    assert ids(client.search(SKETCH, category=None, k=3)) == ids(client.search(SKETCH, k=3))


def test_lists_continue_in_any_order(client: Client) -> None:
    for sort in (None, "price_desc"):
        whole = client.search(SKETCH, k=100, sort=sort)
        first = client.search(SKETCH, k=5, sort=sort)
        rest = client.search(SKETCH, k=100, sort=sort, cursor=first["next"])
        assert ids(first) + ids(rest) == ids(whole) and rest["next"] is whole["next"] is None
    similar = client.find_similar("boot-1", k=2, sort="price_asc")
    assert set(ids(client.find_similar("boot-1", sort="price_asc", cursor=similar["next"]))).isdisjoint(ids(similar))
    with pytest.raises(SketchfindError, match="another search"):
        client.search(SKETCH, sort="price_asc", cursor=first["next"])


def test_results_are_iterated_over_all_pages(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "sketch.png"
    file.write_bytes(sketch_file(3))
    whole = client.search(file, k=100, sort="price_asc", mirror=False)
    pages = client.iterate_results(file, page_size=5, sort="price_asc", mirror=False)
    assert [result["product_id"] for result in pages] == ids(whole)
    part = client.search(q="boot", k=1)
    assert ids(part) == ["boot-1"]
    assert [result["product_id"] for result in client.iterate_results(q="boot", cursor=part["next"])] == ["boot-2"]
    similar = list(client.iterate_similar("boot-1", page_size=2, category="Shoes"))
    assert similar == client.find_similar("boot-1", k=100, category="Shoes")["results"]


def test_events_of_results_are_recorded(client: Client) -> None:
    session = uuid.uuid4().hex
    search_id = client.search(SKETCH, session=session)["search_id"]
    assert search_id is not None and client.find_similar("boot-1", session=session)["results"]
    events: list[Event] = [{"kind": "shown", "search_id": search_id}, {"kind": "shown", "search_id": "other"}]
    events += [{"kind": "opened", "search_id": search_id, "product_id": "boot-1", "rank": 1}]
    assert client.record_events(session, events) == {"accepted": 2, "ignored": 1}
    options: SearchOptions = {"session": session}
    for request in (requests.search(None, 1, options), requests.find_similar("a", 1, options)):
        built = request.build(httpx.Client(base_url="http://shop.example"))
        assert built.headers["X-Session"] == session and "session" not in built.url.params


def test_similar_products_are_others(client: Client) -> None:
    found = ids(client.find_similar("boot-1", k=4, category="Shoes"))
    assert len(found) == 4 and "boot-1" not in found


def test_a_product_is_put_read_changed_and_deleted(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "side.png"
    file.write_bytes(photo(80))
    name = "new/boot 1%/similar"
    product = client.put_product(name, {"title": "Boot", "price": "12.50 EUR", "size": ["41", "42"]}, [file, photo(81)])
    assert (product["title"], product["price"], len(product["photo_urls"])) == ("Boot", 12.5, 2)
    assert client.get_product(name) == product
    changed = client.put_product(name, {"title": "Shoe"})
    assert (changed["title"], changed["price"], changed["photo_urls"]) == ("Shoe", None, product["photo_urls"])
    assert client.put_product(name, photos=[photo(80)])["title"] == "Shoe"
    assert client.patch_product(name, {"title": "Clog", "attributes": {"heel": "high"}})["title"] == "Clog"
    patched = client.patch_product(name, {"size": ["40", "41"], "attributes": None})
    assert (patched["title"], patched["size"], patched["attributes"]) == ("Clog", "40 / 41", [])
    assert client.delete_product(name)["product_id"] == name
    with pytest.raises(SketchfindError, match="there is no product") as caught:
        client.get_product(name)
    assert (caught.value.code, caught.value.status) == ("not_found", 404)
    with pytest.raises(ValueError, match="neither fields nor photos"):
        client.put_product(name)


def test_many_products_are_changed_and_deleted(client: Client) -> None:
    for number in range(3):
        client.put_product(f"many-{number}", {"title": "Boot"}, [photo(82)])
    patches: list[ProductPatch] = [{"product_id": f"many-{number}", "price": f"{number}.50 EUR"} for number in range(4)]
    wrong = cast(ProductPatch, {"product_id": "many-0", "price": "cheap"})
    report = client.patch_products(iter([*patches, wrong, patches[0]]))
    assert (report["changed"], report["unchanged"], report["unknown_ids"]) == (3, 1, ["many-3"])
    assert [problem["where"] for problem in report["errors"]] == ["line 5"] and report["error_count"] == 1
    assert client.get_product("many-2")["price"] == 2.5
    deletions = client.delete_products(f"many-{number}" for number in range(4))
    assert (deletions["deleted"], deletions["unknown"]) == (3, 1)
    assert client.delete_products([]) == {"deleted": 0, "unknown": 0, "revision": None}


def test_products_are_listed_over_all_pages(client: Client) -> None:
    names = [product["product_id"] for product in client.iterate_products(page_size=5)]
    assert names == sorted(names) and {name for name, *_ in PRODUCTS} <= set(names)
    assert names == [product["product_id"] for product in client.iterate_products()]


def test_an_import_is_started_and_waited_for(client: Client, served: Served, tmp_path: Path) -> None:
    file, states = tmp_path / "feed.jsonl", list[str]()
    file.write_bytes(served.feed)
    for feed in (file, served.feed):
        job = client.start_import(feed)
        done = client.wait_for_import(
            job["id"], timeout=60, interval=0.05, on_progress=lambda job: states.append(job["state"])
        )
        assert (done["state"], done["done"], done["error_count"]) == ("done", 3, 1)
        assert done == client.get_import(job["id"]) and states[-1] == "done"
        assert [problem["where"] for problem in client.iterate_import_errors(job["id"])] == ["line 3"]
    assert done["unchanged"] == 2
    assert client.cancel_import(job["id"]) == done  # it is over
    latest = [listed["id"] for listed in client.iterate_imports(page_size=1)]
    assert latest[0] == job["id"] and latest == [listed["id"] for listed in client.iterate_imports()]
    with pytest.raises(SketchfindError, match="there is no operation"):
        client.wait_for_import("none")


def test_an_import_is_checked_refused_or_cancelled(client: Client, served: Served) -> None:
    def finish(feed: bytes, **options: Any) -> Import:
        return client.wait_for_import(client.start_import(feed, **options)["id"], interval=0.05)

    checked = finish(served.feed, complete=True, dry_run=True, max_removed=100)
    assert checked["dry_run"] and checked["complete"] and checked["removed"] >= len(PRODUCTS)
    refused = finish(served.feed, complete=True)
    assert refused["state"] == "failed" and "boot-1" in [item["product_id"] for item in client.iterate_products()]
    job = client.start_import(b"\n".join(b'{"id": "x"}' for _ in range(5_000)))
    client.cancel_import(job["id"])
    assert client.wait_for_import(job["id"], interval=0.05)["state"] == "cancelled"


def test_texts_of_a_language_are_imported_and_asked_for(client: Client) -> None:
    job = client.start_import(b'{"id": "boot-1", "title": "Stiefel 1"}', language="de")
    done = client.wait_for_import(job["id"], interval=0.05)
    assert (done["state"], done["language"], done["error_count"]) == ("done", "de", 0)
    assert client.get_product("boot-1", lang="de")["title"] == "Stiefel 1" != client.get_product("boot-1")["title"]
    assert "Stiefel 1" in [product["title"] for product in client.iterate_products(lang="de")]
    assert client.search(q="stiefel", lang="de")["results"][0]["title"] == "Stiefel 1"


def test_the_errors_of_an_import_are_read_over_all_pages(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sketchfind_client.requests._ERRORS_PER_PAGE", 2)
    job = client.start_import(b"id,price,image_link\n" + b"n,cheap,x\n" * 5)
    assert client.wait_for_import(job["id"], interval=0.05)["state"] == "failed"
    assert [problem["where"][-1] for problem in client.iterate_import_errors(job["id"])] == ["2", "3", "4", "5", "6"]


def test_the_health_of_the_server(client: Client) -> None:
    assert client.check_health()["status"] == "ok" and client.check_health()["version"]
    assert client.check_readiness()["status"] == "ready"


@pytest.mark.parametrize("kind", CLIENTS)
def test_an_error_has_code_message_detail_and_status(served: Served, kind: type[Client]) -> None:
    visitor = kind(served.address)
    with pytest.raises(SketchfindError) as caught:
        visitor.search(SKETCH, category="Boats")
    error = caught.value
    assert (error.code, error.status) == ("unknown_category", 422) and "'Boats' is unknown" in error.message
    assert isinstance(error.detail, dict) and "Shoes" in error.detail["known"]
    with pytest.raises(SketchfindError, match="missing_key") as caught:
        visitor.delete_product("boot-1")
    assert caught.value.status == 401
    visitor.close()


def test_both_clients_have_the_same_methods() -> None:
    def methods(kind: type) -> dict[str, list[str]]:
        functions = {name: value for name, value in vars(kind).items() if inspect.isfunction(value) and name[0] != "_"}
        return {name: [str(part) for part in inspect.signature(f).parameters.values()] for name, f in functions.items()}

    assert methods(Client) == methods(AsyncClient) and len(methods(Client)) >= 12


def test_it_needs_httpx_alone() -> None:
    folder = Path(__file__).parents[2] / "clients/python"
    trees = [ast.parse(path.read_text()) for path in (folder / "sketchfind_client").glob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    packages = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
    assert packages == {"httpx", "sketchfind_client"}
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert [Requirement(line).name for line in project["dependencies"]] == ["httpx"]

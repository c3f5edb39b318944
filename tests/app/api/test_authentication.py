"""Access to every route with no key, a wrong key, a read key and a write key."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.api.authentication import WriteAccess
from app.catalogue.catalogue import Catalogue, sqlite_url
from app.main import create_app
from app.settings import load_settings
from tests.conftest import running, serving
from tests.support.sketch_files import ZIGZAG, refused, sketch_file

OPEN = (200, 200, 200, 200)
READING = (401, 401, 200, 200)  # with SKETCHFIND_REQUIRE_KEY; open without
COUNTING = (401, 401, 403, 403)  # likewise: unless it is switched on, nobody gets in
WRITING = (401, 401, 403, 200)  # with all settings

SIGN_IN = (303, 303, 303, 303)  # a key in a header opens no page; see tests/app/admin/test_sessions.py

WHO = ["no key", "wrong key", "read key", "write key"]

# method and route -> path, request, and the status for each key where reading needs a key
TABLE: dict[str, tuple[str, dict[str, Any], tuple[int, ...]]] = {
    "GET /": ("/", {}, OPEN),
    "GET /crop": ("/crop", {}, OPEN),
    "GET /manifest.webmanifest": ("/manifest.webmanifest", {}, OPEN),
    "GET /sw.js": ("/sw.js", {}, OPEN),
    "GET /widget.js": ("/widget.js", {}, OPEN),
    "GET /widget-example": ("/widget-example", {}, OPEN),
    "GET /healthz": ("/healthz", {}, OPEN),
    "GET /readyz": ("/readyz", {}, OPEN),
    "GET /metrics": ("/metrics", {}, READING),
    "GET /photos/{name}": ("/photos/{photo}", {}, OPEN),
    "POST /search": ("/search", {"json": ZIGZAG}, READING),
    "POST /events": ("/events", {"json": {}}, COUNTING),
    "POST /strokes": ("/strokes", {"files": {"sketch": ("a.png", sketch_file())}}, READING),
    "GET /products": ("/products", {}, READING),
    "GET /products/{product_id:path}": ("/products/boot-1", {}, READING),
    "GET /products/{product_id:path}/similar": ("/products/boot-1/similar", {}, READING),
    "POST /products/{product_id:path}/match": ("/products/boot-1/match", {"json": ZIGZAG}, READING),
    "GET /categories": ("/categories", {}, READING),
    "GET /facets": ("/facets", {}, READING),
    "PUT /products/{product_id:path}": ("/products/boot-1", {"json": {"title": "Boot"}}, WRITING),
    "PATCH /products/{product_id:path}": ("/products/boot-1", {"json": {"price": "9.90"}}, WRITING),
    "PATCH /products": (
        "/products",
        {"content": b'{"product_id": "boot-1", "price": "9.90"}', "headers": {"Content-Type": "application/jsonl"}},
        WRITING,
    ),
    "DELETE /products": ("/products", {"json": ["none"]}, WRITING),
    "DELETE /products/{product_id:path}": ("/products/none", {}, (*WRITING[:3], 404)),
    "POST /products/import": (
        "/products/import",
        {"content": b"id,image_link\n", "headers": {"Content-Type": "text/csv"}},
        (*WRITING[:3], 202),
    ),
    "GET /operations": ("/operations", {}, WRITING),
    "POST /operations/{operation_id}/cancel": ("/operations/none/cancel", {}, (*WRITING[:3], 404)),
    "GET /operations/{operation_id}": ("/operations/none", {}, (*WRITING[:3], 404)),
    "GET /rules": ("/rules", {}, WRITING),
    "PUT /rules": ("/rules", {"json": {}, "headers": {"If-Match": "*"}}, WRITING),
    "GET /admin/sign-in": ("/admin/sign-in", {}, OPEN),
    "POST /admin/sign-in": ("/admin/sign-in", {"data": {"key": "none"}}, (403, 403, 403, 403)),
    "POST /admin/sign-out": ("/admin/sign-out", {}, SIGN_IN),
    "GET /admin": ("/admin", {}, SIGN_IN),
    "GET /admin/searches": ("/admin/searches", {}, SIGN_IN),
    "GET /admin/products": ("/admin/products", {}, SIGN_IN),
    "GET /admin/products/{product_id:path}": ("/admin/products/boot-1", {}, SIGN_IN),
    "POST /admin/products/{product_id:path}": ("/admin/products/boot-1", {}, SIGN_IN),
    "POST /admin/deletions": ("/admin/deletions", {}, SIGN_IN),
    "GET /admin/imports": ("/admin/imports", {}, SIGN_IN),
    "POST /admin/imports": ("/admin/imports", {"files": {"feed": ("a.csv", b"id\n")}}, SIGN_IN),
    "GET /admin/imports/{job_id}": ("/admin/imports/none", {}, SIGN_IN),
    "POST /admin/imports/{job_id}/cancel": ("/admin/imports/none/cancel", {}, SIGN_IN),
    "GET /admin/keys": ("/admin/keys", {}, SIGN_IN),
    "POST /admin/keys": ("/admin/keys", {"data": {"name": "x", "scope": "write"}}, SIGN_IN),
    "POST /admin/keys/{name}/remove": ("/admin/keys/writer/remove", {}, SIGN_IN),
    "GET /admin/rules": ("/admin/rules", {}, SIGN_IN),
    "POST /admin/rules": ("/admin/rules", {}, SIGN_IN),
    "GET /admin/operations": ("/admin/operations", {}, SIGN_IN),
    "POST /admin/operations/{name}": ("/admin/operations/verify", {}, SIGN_IN),
}


@pytest.fixture(scope="module")
def gallery(tiny_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy a gallery, for keys and writes."""
    return shutil.copytree(tiny_gallery, tmp_path_factory.mktemp("access") / "gallery")


@pytest.fixture(scope="module")
def keys(gallery: Path) -> dict[str, str]:
    """Return the key for each entry of WHO."""
    catalogue = Catalogue(sqlite_url(gallery / "catalogue.sqlite"))
    read, write = catalogue.keys.add("reader", "read"), catalogue.keys.add("writer", "write")
    catalogue.close()
    return {"no key": "", "wrong key": "sk_" + "x" * 43, "read key": read, "write key": write}


@pytest.fixture(scope="module")
def strict(gallery: Path, keys: dict[str, str]) -> Iterator[httpx.Client]:
    """Run an app whose reading routes need a key too, with an additional route that writes."""
    app = create_app(load_settings(gallery=gallery, require_key=True))

    @app.post("/written")
    def written(key: WriteAccess) -> dict[str, str]:
        return {"by": key.name}

    with running(app) as url, httpx.Client(base_url=url, timeout=30) as server:
        yield server


@pytest.fixture(scope="module")
def lenient(gallery: Path, keys: dict[str, str]) -> Iterator[httpx.Client]:
    """Run an app with default settings."""
    with serving(gallery) as url, httpx.Client(base_url=url, timeout=30) as server:
        yield server


def list_routes(app: FastAPI) -> set[str]:
    """Return every route of an app except its API docs, as "METHOD /path"."""
    names, waiting = set(), list(app.routes)
    for route in waiting:  # grows during the loop
        inner = getattr(route, "original_router", None)
        if inner is not None:
            waiting.extend(inner.routes)
        if isinstance(route, APIRoute) and not route.path.startswith("/docs"):
            names |= {f"{method} {route.path}" for method in (route.methods or set()) - {"HEAD"}}
    return names


@pytest.fixture(scope="module")
def photo(gallery: Path) -> str:
    """Return the name of a photo of the gallery."""
    return next((gallery / "photos").glob("*.thumb.webp")).name


def test_the_table_has_every_route(gallery: Path) -> None:
    assert list_routes(create_app(load_settings(gallery=gallery))) == set(TABLE)


@pytest.mark.parametrize("row", TABLE)
@pytest.mark.parametrize("who", WHO)
def test_who_gets_in(
    strict: httpx.Client, lenient: httpx.Client, keys: dict[str, str], photo: str, row: str, who: str
) -> None:
    path, sent, statuses = TABLE[row]
    method, path = row.partition(" ")[0], path.replace("{photo}", photo)
    key = {"Authorization": f"Bearer {keys[who]}"} if keys[who] else {}
    sent = {**sent, "headers": {**sent.get("headers", {}), **key}}
    answer = strict.request(method, path, **sent)
    assert answer.status_code == statuses[WHO.index(who)], answer.text
    if answer.status_code == 401:
        refused(answer, 401, "missing_key" if who == "no key" else "wrong_key", "API key")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    expected = statuses[-1] if statuses in (READING, COUNTING) else statuses[WHO.index(who)]
    assert lenient.request(method, path, **sent).status_code == expected


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_writing_needs_a_write_key(strict: httpx.Client, keys: dict[str, str], header: str) -> None:
    def write(who: str) -> httpx.Response:
        prefix = "Bearer " if header == "Authorization" else ""
        return strict.post("/written", headers={header: prefix + keys[who]} if keys[who] else {})

    refused(write("no key"), 401, "missing_key", "expected `Authorization: Bearer KEY` or `X-API-Key: KEY`")
    assert keys["wrong key"] not in refused(write("wrong key"), 401, "wrong_key")["message"]
    assert refused(write("read key"), 403, "read_only_key")["detail"] == {"name": "reader", "scope": "read"}
    assert write("write key").json() == {"by": "writer"}


@pytest.mark.parametrize("value", ["", "Bearer", "Basic YTpi", "Bearer a b", "Bearer \xff", "sk_x"])
def test_odd_headers_are_no_key(strict: httpx.Client, value: str) -> None:
    answer = strict.get("/products", headers={b"Authorization": value.encode("latin-1")})
    assert answer.json()["error"]["code"] in ("missing_key", "wrong_key")


def test_without_a_write_key_nothing_is_written_and_the_message_says_how(tiny_gallery: Path, tmp_path: Path) -> None:
    gallery = shutil.copytree(tiny_gallery, tmp_path / "gallery")
    app = create_app(load_settings(gallery=gallery))

    @app.post("/written")
    def written(key: WriteAccess) -> None:
        raise AssertionError("the route must not be called")

    with running(app) as url, httpx.Client(base_url=url, timeout=30) as server:
        answer = server.post("/written", headers={"X-API-Key": "sk_anything"})
    refused(answer, 403, "writes_disabled", "sketchfind keys add NAME --scope write")


def test_openapi_says_which_routes_need_a_key(strict: httpx.Client) -> None:
    document = strict.get("/openapi.json").json()
    assert set(document["components"]["securitySchemes"]) == {"bearer", "header"}
    assert document["paths"]["/written"]["post"]["security"] and "security" not in document["paths"]["/healthz"]["get"]

"""Error responses other than those for invalid sketches."""

from __future__ import annotations

import asyncio
import logging
import socket
import sqlite3
import time
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError

from app.asgi.errors import ApiError, UnexpectedErrors, install_error_handlers
from app.core.error_text import truncate
from app.main import create_app
from app.settings import Settings
from tests.support.sketch_files import PNG, refused, sketch_file


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("k=0", "invalid_parameter", "k is '0': expected at least 1"),
        ("k=1000000", "invalid_parameter", "k is '1000000': expected at most 100"),
        ("k=abc", "invalid_parameter", "k is 'abc': expected a valid integer"),
        ("k=" + "9" * 10_000, "invalid_parameter", "k is '999"),
        ("min_price=nan", "invalid_parameter", "min_price is 'nan': expected a finite number"),
        ("max_price=-inf", "invalid_parameter", "max_price is '-inf'"),
        ("max_price=-1", "invalid_parameter", "expected at least 0"),
        ("min_price=1e999999999", "invalid_parameter", "min_price is '1e999999999': expected at most"),
        ("min_price=9&max_price=2.5", "invalid_parameter", "min_price is 9: expected at most max_price, which is 2.5"),
        ("kk=5", "unknown_parameter", "parameter 'kk' is unknown: expected one of attribute, brand, category, color"),
        ("k=5&k=7", "invalid_parameter", "parameter 'k' comes 2 times: expected it once"),
        ("category=Hats", "unknown_category", "category 'Hats' is unknown: expected one of Bags, Bags > Totes"),
        ("category=", "unknown_category", "category '' is unknown"),
        ("category=%00", "unknown_category", "is unknown"),
        ("category=" + "x" * 5000, "invalid_parameter", "expected at most 1000 characters"),
        ("color=mauve", "unknown_color", "color 'mauve' is unknown: expected one of Black, Red"),
        ("color=red&color=Black%2Fmauve", "unknown_color", "color 'Black/mauve' is unknown"),
        ("color=", "unknown_color", "color '' is unknown"),
        ("color=%00", "unknown_color", "is unknown"),
        ("color=" + "x" * 5000, "invalid_parameter", "color[0] is 'xxx"),
        ("&color=red" * 51, "invalid_parameter", "color has 51 items: expected at most 50"),
        ("currency=XAU", "unknown_currency", "currency 'XAU' is unknown: expected one of EUR"),
        ("currency=", "unknown_currency", "currency '' is unknown"),
    ],
)
def test_bad_parameters(client: httpx.Client, query: str, code: str, words: str) -> None:
    refused(client.post(f"/search?{query}", content=sketch_file(), headers=PNG), 422, code, words)


def test_an_unknown_category_comes_with_the_known_ones(client: httpx.Client) -> None:
    response = client.get("/products/boot-1/similar", params={"category": "Hats"})
    detail = refused(response, 422, "unknown_category")["detail"]
    assert detail["category"] == "Hats" and "Shoes > Boots" in detail["known"]


@pytest.mark.parametrize("headers", [{"Content-Type": "text/plain"}, {}, {**PNG, "Content-Encoding": "gzip"}])
def test_other_content_types(client: httpx.Client, headers: dict[str, str]) -> None:
    refused(client.post("/search", content=b"abc", headers=headers), 415, "unsupported_media_type", "expected")
    refused(client.post("/search", content=b"", headers=headers), 400, "empty_body")


def test_accepted_content_types_are_named(client: httpx.Client) -> None:
    response = client.post("/search", content=b"abc", headers={"Content-Type": "text/plain"})
    named = ("'text/plain'", "multipart/form-data", "image/*", "application/octet-stream", "application/json")
    refused(response, 415, "unsupported_media_type", *named)


def test_bad_multipart_bodies(client: httpx.Client) -> None:
    other = client.post("/search", files={"photo": ("a.png", b"x"), "n" * 200: ("b.png", b"x")})
    refused(other, 422, "invalid_parameter", "'sketch' is missing", "'photo'", "…")
    text = client.post("/search", files={"sketch": (None, b"text")})
    refused(text, 422, "invalid_parameter", "'sketch' is text: expected a file")
    twice = client.post("/search", files=[("sketch", ("a.png", b"x")), ("sketch", ("b.png", b"x"))])
    refused(twice, 422, "invalid_parameter", "'sketch' comes 2 times: expected it once")
    parts = client.post("/search", files=[(f"f{number}", ("a", b"x")) for number in range(50)])
    refused(parts, 400, "bad_multipart", "Too many files")
    for boundary in ("", "; boundary=a", "; boundary=" + "a" * 1000):
        headers = {"Content-Type": f"multipart/form-data{boundary}"}
        refused(client.post("/search", content=b"garbage", headers=headers), 400, "bad_multipart")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/products/none", 404, "not_found"),
        ("GET", "/products/none/similar", 404, "not_found"),
        ("GET", "/products/" + "x" * 5000, 422, "invalid_parameter"),
        ("GET", "/products?limit=0", 422, "invalid_parameter"),
        ("GET", "/photos/none.webp", 404, "not_found"),
        ("GET", "/photos/" + "0" * 64 + ".webp", 404, "not_found"),
        ("GET", "/photos/..%2Fcatalogue.sqlite", 404, "not_found"),
        ("GET", "/static/none.js", 404, "not_found"),
        ("GET", "/static/..%2Fpyproject.toml", 404, "not_found"),
        ("GET", "/search", 405, "method_not_allowed"),
        ("DELETE", "/categories", 405, "method_not_allowed"),
        ("POST", "/static/js/main.js", 405, "method_not_allowed"),
    ],
)
def test_what_is_not_there(client: httpx.Client, method: str, path: str, status: int, code: str) -> None:
    refused(client.request(method, path), status, code)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("OPTIONS", "/products/none", "GET, PUT, PATCH, DELETE"),
        ("POST", "/products/none", "GET, PUT, PATCH, DELETE"),
        ("PUT", "/products", "GET, PATCH, DELETE"),
        ("DELETE", "/search", "POST"),
        ("DELETE", "/static/js/main.js", "GET"),
    ],
)
def test_a_method_that_is_not_possible_is_told_which_are(
    client: httpx.Client, method: str, path: str, allowed: str
) -> None:
    answer = client.request(method, path)
    refused(answer, 405, "method_not_allowed", f"{method} is not possible at '{path}': expected {allowed}")
    assert answer.headers["allow"] == allowed


def test_no_route_takes_a_parameter_that_it_does_not_know(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    with_errors = {"/search", "/products", "/products/{product_id}", "/strokes", "/operations/{operation_id}"}
    assert with_errors <= paths.keys()
    for path, method in [(where, how) for where in paths for how in paths[where]]:
        if path.startswith(("/healthz", "/readyz", "/metrics", "/photos")):
            continue
        answer = client.request(method, path.replace("{", "").replace("}", ""), params={"a": "b"})
        refused(answer, 422, "unknown_parameter", "parameter 'a' is unknown: expected")
        assert "422" in paths[path][method]["responses"]


def test_head_has_the_status_of_get(client: httpx.Client) -> None:
    assert client.head("/nowhere").status_code == 404 and client.head("/nowhere").content == b""
    refused_head = client.head("/search")
    assert refused_head.status_code == 405 and refused_head.headers["allow"] == "POST"


def test_a_body_over_the_limit_is_refused_before_it_has_all_arrived(live_server: str) -> None:
    host, port = live_server.removeprefix("http://").split(":")
    head = b"POST /search HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
    endless = [head + b"Content-Length: 100000000000\r\n\r\n", head + b"Transfer-Encoding: chunked\r\n\r\n"]
    chunk = b"100000\r\n" + bytes(0x100000) + b"\r\n"
    for number, start in enumerate(endless):
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(start + number * 9 * chunk)
            assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_leaves_is_no_error(live_server: str, caplog: pytest.LogCaptureFixture) -> None:
    host, port = live_server.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(
            b"POST /search HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 9\r\n\r\nabc"
        )
    time.sleep(0.2)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def call(app: FastAPI, method: str, path: str) -> httpx.Response:
    """Send a request to an app that was not started."""

    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path)

    return asyncio.run(request())


def test_not_ready_before_the_gallery_is_open(tiny_gallery: Path) -> None:
    app = create_app(Settings(gallery=tiny_gallery))
    refused(call(app, "GET", "/readyz"), 503, "not_ready")
    refused(call(app, "POST", "/search"), 503, "not_ready")
    assert call(app, "GET", "/healthz").status_code == 200


def test_what_nobody_expected_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    app = FastAPI()
    install_error_handlers(app)
    app.add_middleware(UnexpectedErrors)

    @app.get("/fail")
    def fail() -> None:
        raise RuntimeError("secret")

    response = call(app, "GET", "/fail")
    refused(response, 500, "internal")
    assert "secret" not in response.text and "RuntimeError: secret" in caplog.text and "Traceback" in caplog.text


def test_a_request_that_a_stopping_server_cancels_is_told_so(caplog: pytest.LogCaptureFixture) -> None:
    app = FastAPI()
    install_error_handlers(app)
    app.add_middleware(UnexpectedErrors)

    @app.put("/wait")
    async def wait() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel("as uvicorn does")
        await asyncio.sleep(10)

    response = call(app, "PUT", "/wait")
    refused(response, 503, "stopping", "may or may not be stored")
    assert response.headers["retry-after"] == "10" and "Traceback" not in caplog.text


def test_a_database_that_fails_is_no_fault_of_the_request(caplog: pytest.LogCaptureFixture) -> None:
    app = FastAPI()
    install_error_handlers(app)
    app.add_middleware(UnexpectedErrors)

    @app.get("/read")
    def read() -> None:
        raise OperationalError("SELECT secret", {}, sqlite3.OperationalError("database or disk is full"))

    response = call(app, "GET", "/read")
    refused(response, 503, "no_database", "nothing was changed, try again later")
    assert response.headers["retry-after"] == "10" and "secret" not in response.text
    assert "database or disk is full" in caplog.text and "Traceback" not in caplog.text


def test_an_unexpected_error_has_the_headers_too(tiny_gallery: Path) -> None:
    app = create_app(Settings(gallery=tiny_gallery))
    app.state.service = object()
    response = call(app, "GET", "/categories")
    refused(response, 500, "internal")
    assert "content-security-policy" in response.headers


def test_an_api_error_carries_its_detail() -> None:
    app = FastAPI()
    install_error_handlers(app)

    @app.get("/refuse")
    def refuse() -> None:
        raise ApiError(409, "taken", "it is taken", {"by": 1})

    assert refused(call(app, "GET", "/refuse"), 409, "taken")["detail"] == {"by": 1}


def test_values_are_shown_short() -> None:
    for value in ("x" * 10**6, bytes(10**6), [[1.5] * 100] * 1000, 10**5000, {"a": "b" * 500}):
        assert len(truncate(value)) <= 80
        truncate(value).encode()

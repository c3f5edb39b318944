"""Response headers: CORS, security headers, and none that a request could inject."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.main import create_app
from app.settings import load_settings
from tests.conftest import serving
from tests.support.sketch_files import ZIGZAG, refused

SHOP = "https://shop.example"


@pytest.fixture(scope="module")
def shared(tiny_gallery: Path) -> Iterator[httpx.Client]:
    """Run a server whose answers the shop's scripts may read."""
    with serving(tiny_gallery, cors_origins=SHOP) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


def send_preflight(client: httpx.Client, origin: str, method: str = "POST") -> httpx.Response:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "content-type,x-api-key"}
    return client.options("/search", headers={"Origin": origin, **asked})


def test_scripts_of_the_origins_that_are_listed_may_read_answers(shared: httpx.Client) -> None:
    answer = send_preflight(shared, SHOP)
    assert answer.status_code == 200 and answer.headers["access-control-allow-origin"] == SHOP
    answer = shared.post("/search", json=ZIGZAG, headers={"Origin": SHOP})
    assert answer.headers["access-control-allow-origin"] == SHOP and "Origin" in answer.headers["vary"]
    assert "access-control-allow-credentials" not in answer.headers
    failed = shared.post("/search", content=b"", headers={"Origin": SHOP})
    assert failed.status_code == 400 and failed.headers["access-control-allow-origin"] == SHOP


@pytest.mark.parametrize("origin", ["https://shop.example.evil.example", "http://shop.example", "null", SHOP + ":444"])
def test_all_others_may_not(shared: httpx.Client, origin: str) -> None:
    refused(send_preflight(shared, origin), 400, "cors_refused", "SKETCHFIND_CORS_ORIGINS")
    assert "access-control-allow-origin" not in shared.get("/products", headers={"Origin": origin}).headers


def test_what_no_route_needs_is_refused_and_named(shared: httpx.Client) -> None:
    refused(
        send_preflight(shared, SHOP, "TRACE"),
        400,
        "cors_refused",
        "expected a method of GET, HEAD, POST, PUT, PATCH, DELETE",
    )
    asked = {"Origin": SHOP, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-other"}
    refused(shared.options("/search", headers=asked), 400, "cors_refused", "expected only the headers Authorization")


def test_without_a_list_nobody_may(client: httpx.Client) -> None:
    refused(send_preflight(client, SHOP), 405, "method_not_allowed")
    assert "access-control-allow-origin" not in client.get("/products", headers={"Origin": SHOP}).headers


def test_other_sites_may_embed_photos_and_the_widget_alone(client: httpx.Client) -> None:
    photo = client.get("/products/boot-1").json()["photo_url"]
    for path, policy in ((photo, "cross-origin"), ("/widget.js", "cross-origin"), ("/products", "same-origin")):
        assert client.get(path).headers["cross-origin-resource-policy"] == policy


def test_no_version_leaks(client: httpx.Client) -> None:
    for path in ("/", "/products", "/nowhere", "/openapi.json"):
        headers = client.get(path).headers
        assert not {"server", "x-powered-by", "via"} & set(headers)


@pytest.mark.parametrize(
    "path",
    [
        "/?lang=de%0d%0aX-Evil:%201",
        "/products/a%0d%0aX-Evil:%201",
        "/photos/%0d%0aX-Evil:%201",
        "/static/js/%0d%0aX-Evil:%201",
        "/nowhere%0d%0aX-Evil:%201",
    ],
)
def test_nothing_of_a_request_makes_a_header(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers={"Accept-Language": "de", "Origin": "https://x.example"})
    assert "x-evil" not in answer.headers and answer.status_code in (200, 404, 422)


@pytest.mark.parametrize("name", ["Origin", "X-Request-Id", "X-API-Key", "Content-Type", "Accept-Encoding", "Host"])
def test_a_line_feed_in_a_header_is_refused_or_ends_it(live_server: str, name: str) -> None:
    host, port = live_server.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        lines = f"GET /products HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{name}: a\x00b\rX-Evil: 1\r\n\r\n"
        connection.sendall(lines.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b"x-evil" not in answer.partition(b"\r\n\r\n")[0].lower()


@pytest.mark.parametrize(
    "path",
    [
        "/photos/../catalogue.sqlite",
        "/photos/..%2Fcatalogue.sqlite",
        "/photos/%2e%2e/catalogue.sqlite",
        "/photos/%2Fetc%2Fpasswd",
        "/photos/..%5Ccatalogue.sqlite",
        "/photos/" + "a" * 64 + ".webp%00.png",
        "/static/..%2F..%2Fpyproject.toml",
        "/static/%2e%2e/pyproject.toml",
        "/static//etc/passwd",
        "/static-offline-docs/..%2F..%2F..%2Fpyproject.toml",
    ],
)
def test_no_path_leads_out(live_server: str, path: str) -> None:
    host, port = live_server.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:  # httpx would tidy the path up
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert connection.recv(20).startswith((b"HTTP/1.1 404", b"HTTP/1.1 422"))


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [("abc-123_x.y", True), ("a b", False), ("x" * 65, False), ("", False), ("<script>", False), ("a\u00e9", False)],
)
def test_a_request_id_is_taken_when_it_is_sane(client: httpx.Client, given: str, *, is_kept: bool) -> None:
    answered = client.get("/healthz", headers=[(b"X-Request-Id", given.encode("latin-1"))]).headers["x-request-id"]
    assert (answered == given) == is_kept and answered.isascii() and 0 < len(answered) <= 64


def test_endless_headers_and_addresses_are_refused(live_server: str) -> None:
    host, port = live_server.removeprefix("http://").split(":")
    for start in (b"GET /" + b"a" * 200_000, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000):
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(start)
            assert connection.recv(20).startswith(b"HTTP/1.1 4")


def test_an_app_without_cors_has_no_cors_middleware(tiny_gallery: Path) -> None:
    names = [str(layer.cls) for layer in create_app(load_settings(gallery=tiny_gallery)).user_middleware]
    assert not any("AllowedOrigins" in name for name in names)

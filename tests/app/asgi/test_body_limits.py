"""Slow clients, and bodies beyond the memory budget, do not keep other clients from being served."""

from __future__ import annotations

import asyncio
import json
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from app.asgi import body_reader
from app.asgi.body_memory import UNCOUNTED, MemoryBudget, MemoryBudgets
from app.asgi.body_reader import MAX_DELAY, MIN_RATE, stream_body
from app.asgi.errors import ApiError
from app.main import create_app
from app.settings import load_settings
from tests.conftest import running, serving
from tests.support.sketch_files import JSON, PNG, refused, strokes_body
from tests.support.writable_server import Shop, own_gallery


class _SkippingLoop(asyncio.SelectorEventLoop):
    """Event loop that skips waiting times instead of sleeping."""

    def __init__(self) -> None:
        self._skipped = 0.0
        loop = self

        class Selector(selectors.DefaultSelector):
            def select(self, timeout: float | None = None) -> Any:
                """Return the ready files, and count the timeout as skipped."""
                loop._skipped += timeout or 0.0
                return super().select(0)

        super().__init__(Selector())

    def time(self) -> float:
        """Return the time including the skipped time."""
        return super().time() + self._skipped


def count_received(sent: Sequence[tuple[float, int]], max_bytes: int = 10**9) -> int:
    """Read a body whose chunks arrive after pauses, given as (seconds, bytes), and return its size."""
    chunks = iter(sent)

    async def receive() -> dict[str, Any]:
        pause, size = next(chunks, (0.0, 0))
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": bytes(size), "more_body": size > 0}

    async def read() -> int:
        request = Request({"type": "http", "method": "POST", "headers": []}, receive)
        return sum([len(chunk) async for chunk in stream_body(request, max_bytes)])

    with asyncio.Runner(loop_factory=_SkippingLoop) as runner:
        return runner.run(read())


@pytest.mark.parametrize(
    "sent",
    [
        [(MAX_DELAY - 1, 10)],
        [(1, MIN_RATE)] * 1000,  # at the minimum rate, for a long time
        [(MAX_DELAY - 1, int(MIN_RATE * MAX_DELAY))] * 10,
        [(0.1, 2**20)] * 50,
    ],
)
def test_a_slow_line_is_waited_for(sent: list[tuple[float, int]]) -> None:
    assert count_received(sent) == sum(size for _, size in sent)


@pytest.mark.parametrize(
    "sent",
    [
        [(MAX_DELAY + 1, 10)],
        [(1, 10)] * 100,  # never silent
        [(0, 10**7), (MAX_DELAY + 1, 10)],  # a fast start does not excuse a later pause
        [(1, MIN_RATE // 2)] * 100,
    ],
)
def test_who_sends_next_to_nothing_is_given_up(sent: list[tuple[float, int]]) -> None:
    with pytest.raises(
        ApiError, match=r"the body arrives too slowly \(.* bytes so far\): expected at least 4000 bytes/s"
    ) as refusal:
        count_received(sent, 10**10)
    assert (refusal.value.status, refusal.value.code) == (408, "too_slow")


def test_a_room_is_told_to_be_full_and_left() -> None:
    budget = MemoryBudget(10, "it is full")
    with budget.reserve() as first, budget.reserve() as second:
        first.grow_to(6)
        first.grow_to(4)  # already larger
        second.grow_to(4)
        with pytest.raises(ApiError, match="it is full; try again in 1 s") as refusal:
            second.grow_to(5)
        assert (refusal.value.status, refusal.value.headers) == (503, {"Retry-After": "1"})
    with budget.reserve() as third:
        third.grow_to(10)
    assert budget.taken == 0


@dataclass
class Narrow(Shop):
    """Shop with a budget for one large body, and one write, at a time."""

    budgets: MemoryBudgets

    def wait_for(self, budget: MemoryBudget, taken: int) -> None:
        """Wait until that much of a budget is taken."""
        deadline = time.monotonic() + 20
        while budget.taken != taken:
            assert time.monotonic() < deadline, f"{budget.taken} taken, expected {taken}"
            time.sleep(0.01)

    def wait_until_empty(self) -> None:
        """Wait until all reservations are released."""
        for budget in (self.budgets.writes, self.budgets.search_bytes, self.budgets.write_bytes):
            self.wait_for(budget, 0)


@pytest.fixture(scope="module")
def server(tiny_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Narrow]:
    gallery, key = own_gallery(tiny_gallery, tmp_path_factory.mktemp("narrow"))
    settings: dict[str, Any] = {"max_queue": 0, "max_body_bytes": 4 * UNCOUNTED, "search_rate": 0, "write_rate": 0}
    app = create_app(load_settings(gallery=gallery, **settings))
    headers = {"Authorization": f"Bearer {key}"}
    with running(app) as url, httpx.Client(base_url=url, timeout=30, headers=headers) as client:
        yield Narrow(gallery, client, app.state.memory_budgets)


@pytest.fixture
def narrow(server: Narrow) -> Narrow:
    server.wait_until_empty()  # reservations of the previous test are released after its answers
    return server


def connect(url: object) -> socket.socket:
    host, port = str(url).removeprefix("http://").rstrip("/").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def head(method: str, path: str, size: int, *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {size}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def read_answer(connection: socket.socket) -> bytes:
    """Return all data until the server closes the connection."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_body_that_does_not_come_is_refused_and_cut_off(narrow: Narrow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_reader, "MAX_DELAY", 0.2)
    key = f"Authorization: {narrow.client.headers['authorization']}"
    for method, path, *headers in [
        ("POST", "/search", "Content-Type: image/png"),
        ("PUT", "/products/slow", "Content-Type: application/json", key),
        ("POST", "/products/import", "Content-Type: text/csv", key),
    ]:
        with connect(narrow.client.base_url) as connection:
            connection.sendall(head(method, path, 1000, *headers) + b"abc")
            answer = read_answer(connection)
        assert answer.startswith(b"HTTP/1.1 408 ") and b'"too_slow"' in answer and b"3 bytes so far" in answer


def test_sketches_are_taken_in_while_pictures_fill_the_room(narrow: Narrow) -> None:
    client, half = narrow.client, bytes(2 * UNCOUNTED + 1)
    with connect(client.base_url) as connection:
        connection.sendall(head("POST", "/search", len(half) + 1, "Content-Type: image/png") + half)
        narrow.wait_for(narrow.budgets.search_bytes, len(half))
        full = client.post("/search", content=half, headers=PNG)
        refused(full, 503, "busy", "the memory for request bodies is full (262144 bytes)")
        assert full.headers["retry-after"] == "1"
        assert client.post("/search", content=strokes_body(), headers=JSON).status_code == 200
        assert narrow.put("beside", 1).status_code == 201  # writes have a budget of their own
        connection.sendall(b"x")
        assert connection.recv(12) == b"HTTP/1.1 415"
    narrow.wait_until_empty()
    assert client.post("/search", content=half, headers=PNG).status_code == 415


def test_more_writes_than_may_wait_are_refused_before_their_bodies_are_sent(narrow: Narrow) -> None:
    client = narrow.client
    key = f"Authorization: {client.headers['authorization']}"
    body = b'{"title": "Late"}'
    assert narrow.put("late", 2).status_code == 201
    narrow.wait_until_empty()
    with connect(client.base_url) as first, connect(client.base_url) as second:
        start = head("PUT", "/products/late", len(body), "Content-Type: application/json", key)
        first.sendall(start)
        narrow.wait_for(narrow.budgets.writes, 1)
        second.sendall(start)
        assert second.recv(12) == b"HTTP/1.1 503"
        busy = client.put("/products/late", json={})
        refused(busy, 503, "busy", "the write queue is full (0 waiting)")
        assert busy.headers["retry-after"] == "1"
        assert client.post("/search", content=strokes_body(), headers=JSON).status_code == 200
        first.sendall(body)
        assert first.recv(12) == b"HTTP/1.1 200"
    narrow.wait_until_empty()
    assert client.put("/products/late", json={"title": "Later"}).status_code == 200


def test_without_a_key_nobody_takes_a_place_of_those_who_write(narrow: Narrow) -> None:
    with connect(narrow.client.base_url) as connection:
        connection.sendall(head("PUT", "/products/late", 1000, "Content-Type: application/json"))
        assert connection.recv(12) == b"HTTP/1.1 401"
        assert narrow.put("quick", 3).status_code == 201


@pytest.mark.parametrize("sent", [b"hello\r\n\r\n", b"GET /facets?size=" + bytes(70_000).replace(b"\0", b"9")])
def test_what_is_no_request_is_refused_as_all_else_is(narrow: Narrow, sent: bytes) -> None:
    with connect(narrow.client.base_url) as connection:
        connection.sendall(sent)
        headers, _, body = read_answer(connection).partition(b"\r\n\r\n")
    assert headers.startswith(b"HTTP/1.1 400 ") and b"json" in headers
    error = json.loads(body)["error"]
    assert error["code"] == "not_http" and "expected HTTP/1.1" in error["message"] and error["detail"] is None


def test_connections_on_which_no_request_comes_are_closed(tiny_gallery: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.asgi.connection.TIMEOUT", 0.3)
    with serving(tiny_gallery) as url:
        for sent in (b"", b"GET /healthz HTTP/1.1\r\nX-Slow: ", b"POST /search HTTP/1.1\r\nContent-"):
            with connect(url) as connection:
                connection.sendall(sent)
                assert read_answer(connection) == b""
        with connect(url) as connection:  # answered before its body, which never comes
            connection.sendall(head("POST", "/nowhere", 1000) + b"abc")
            assert read_answer(connection).startswith(b"HTTP/1.1 404 ")
        with connect(url) as connection:  # a request in progress has more time for its body
            body = strokes_body()
            connection.sendall(head("POST", "/search", len(body), "Content-Type: application/json"))
            assert httpx.get(f"{url}/healthz").status_code == 200
            with pytest.raises(TimeoutError):
                connection.settimeout(0.6)
                connection.recv(1)
            connection.settimeout(20)
            connection.sendall(body)
            assert connection.recv(12) == b"HTTP/1.1 200"

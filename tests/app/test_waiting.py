"""The queue before the search thread: bounded, told at once when full, and left by clients who leave."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.errors import ApiError
from app.main import create_app
from app.results import Query
from app.service import Service
from app.settings import load_settings
from app.waiting import WaitingLine
from tests.app.sketches import JSON, refused, sketch_file, strokes_body
from tests.conftest import running


class Held:
    """A server whose search thread is held up until it is let go."""

    def __init__(self, app: FastAPI, url: str) -> None:
        self.service: Service = app.state.service
        self.url = url
        self._go = threading.Event()
        self.computed: list[int] = []  # searches of each batch
        search = self.service.serving.retriever.search_all

        def counted(queries: Sequence[Query]) -> object:
            self.computed.append(len(queries))
            return search(queries)

        self.service.serving.retriever.search_all = counted
        self.service._batcher.submit(object(), lambda _: [self._go.wait()], None)

    def let_go(self) -> None:
        self._go.set()

    def post(self) -> httpx.Response:
        return httpx.post(f"{self.url}/search", content=strokes_body(), headers=JSON, timeout=30)

    def wait_for(self, length: int) -> None:
        deadline = time.monotonic() + 10
        while self.service.line.length != length:
            assert time.monotonic() < deadline, f"{self.service.line.length} wait, expected {length}"
            time.sleep(0.01)


@pytest.fixture
def held(tiny_gallery: Path) -> Iterator[Held]:
    app = create_app(load_settings(gallery=tiny_gallery, max_queue=2, search_rate=0))
    with running(app) as url:
        held = Held(app, url)
        try:
            yield held
        finally:
            held.let_go()


def test_a_full_queue_is_told_at_once_and_those_who_wait_are_served(held: Held) -> None:
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(held.post) for _ in range(3)]  # one whose turn it is, and two
        held.wait_for(3)
        started = time.perf_counter()
        answer = held.post()
        assert time.perf_counter() - started < 1
        refused(answer, 503, "busy", "2 searches are waiting already")
        assert answer.headers["retry-after"] == "1"
        picture = httpx.post(f"{held.url}/strokes", content=sketch_file(), headers={"Content-Type": "image/png"})
        refused(picture, 503, "busy")
        refused(httpx.get(f"{held.url}/products/boot-1/similar"), 503, "busy")
        assert httpx.get(f"{held.url}/healthz").status_code == 200
        assert "sketchfind_queue_length 3.0" in httpx.get(f"{held.url}/metrics").text
        held.let_go()
        assert [each.result().status_code for each in waiting] == [200] * 3
    held.wait_for(0)
    assert held.post().status_code == 200


def test_a_full_queue_is_told_before_the_body_is_sent(held: Held) -> None:
    host, port = held.url.removeprefix("http://").split(":")
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(held.post) for _ in range(3)]
        held.wait_for(3)
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            head = b"POST /search HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 8000000\r\n\r\n"
            connection.sendall(head)
            assert connection.recv(12) == b"HTTP/1.1 503"
        held.let_go()
        assert all(each.result().status_code == 200 for each in waiting)


def test_who_leaves_is_not_computed(held: Held) -> None:
    host, port = held.url.removeprefix("http://").split(":")
    head = b"POST /search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    with ThreadPoolExecutor(1) as pool:
        leaving = [socket.create_connection((host, int(port)), timeout=10) for _ in range(2)]
        for connection in leaving:
            connection.sendall(head % len(strokes_body()) + strokes_body())
        held.wait_for(2)
        staying = pool.submit(held.post)
        held.wait_for(3)
        for connection in leaving:
            connection.close()
        held.wait_for(1)
        held.let_go()
        assert staying.result().status_code == 200
    assert held.computed == [1]


def test_the_line_counts_what_fails_too() -> None:
    async def scenario() -> int:
        line = WaitingLine(0, 10)
        with pytest.raises(ValueError, match="x"):
            async with line.joined():
                with pytest.raises(ApiError, match="0 searches are waiting"):
                    line.check()
                raise ValueError("x")
        line.check()
        return line.length

    assert asyncio.run(scenario()) == 0


def test_a_search_that_takes_too_long_is_told_so(tiny_gallery: Path) -> None:
    app = create_app(load_settings(gallery=tiny_gallery, search_timeout=0.3))
    with running(app) as url:
        held = Held(app, url)
        answer = held.post()
        refused(answer, 503, "too_late", "within 0.3 s")
        assert answer.headers["retry-after"] == "1"
        held.let_go()
        held.wait_for(0)
        assert held.post().status_code == 200
    assert held.computed == [1]


def test_a_timeout_of_something_else_is_not_the_lines() -> None:
    async def scenario() -> None:
        async with WaitingLine(0, 10).joined():
            raise TimeoutError("of a socket")

    with pytest.raises(TimeoutError, match="of a socket"):
        asyncio.run(scenario())

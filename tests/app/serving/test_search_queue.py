"""Tests of the search queue: bounded, refusing at once when full, and left by clients that disconnect."""

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

from app.core.retry_errors import BusyError
from app.main import create_app
from app.search.results import Query
from app.serving.search_queue import SearchQueue
from app.serving.service import Service
from app.settings import load_settings
from tests.conftest import running
from tests.support.sketch_files import JSON, refused, sketch_file, strokes_body


class HeldServer:
    """Server whose search thread is blocked until release()."""

    def __init__(self, app: FastAPI, url: str) -> None:
        self.service: Service = app.state.service
        self.url = url
        self._go = threading.Event()
        self.computed: list[int] = []  # searches of each batch
        search = self.service.runtime.retriever.search_all

        def count_and_search(queries: Sequence[Query]) -> object:
            self.computed.append(len(queries))
            return search(queries)

        self.service.runtime.retriever.search_all = count_and_search
        self.service._batcher.submit(object(), lambda _: [self._go.wait()], None)

    def release(self) -> None:
        """Unblock the search thread."""
        self._go.set()

    def post(self) -> httpx.Response:
        """Search by strokes."""
        return httpx.post(f"{self.url}/search", content=strokes_body(), headers=JSON, timeout=30)

    def wait_for(self, length: int) -> None:
        """Wait until the queue has this length."""
        deadline = time.monotonic() + 10
        while self.service.queue.length != length:
            assert time.monotonic() < deadline, f"{self.service.queue.length} wait, expected {length}"
            time.sleep(0.01)


@pytest.fixture
def held(tiny_gallery: Path) -> Iterator[HeldServer]:
    app = create_app(load_settings(gallery=tiny_gallery, max_queue=2, search_rate=0, trusted_proxies=("127.0.0.1",)))
    with running(app) as url:
        held = HeldServer(app, url)
        try:
            yield held
        finally:
            held.release()


def test_a_full_queue_is_told_at_once_and_those_who_wait_are_served(held: HeldServer) -> None:
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(held.post) for _ in range(3)]  # one that is computed, and two that wait
        held.wait_for(3)
        started = time.perf_counter()
        answer = held.post()
        assert time.perf_counter() - started < 1
        refused(answer, 503, "busy", "the search queue is full (2 waiting)")
        assert answer.headers["retry-after"] == "1"
        picture = httpx.post(f"{held.url}/strokes", content=sketch_file(), headers={"Content-Type": "image/png"})
        refused(picture, 503, "busy")
        refused(httpx.get(f"{held.url}/products/boot-1/similar"), 503, "busy")
        assert httpx.get(f"{held.url}/healthz").status_code == 200
        assert "sketchfind_queue_length 3.0" in httpx.get(f"{held.url}/metrics").text
        held.release()
        assert [search.result().status_code for search in waiting] == [200] * 3
    held.wait_for(0)
    assert held.post().status_code == 200


def test_a_full_queue_is_told_before_the_body_is_sent(held: HeldServer) -> None:
    host, port = held.url.removeprefix("http://").split(":")
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(held.post) for _ in range(3)]
        held.wait_for(3)
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            head = b"POST /search HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 8000000\r\n\r\n"
            connection.sendall(head)
            assert connection.recv(12) == b"HTTP/1.1 503"
        held.release()
        assert all(search.result().status_code == 200 for search in waiting)


def test_who_leaves_is_not_computed(held: HeldServer) -> None:
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
        held.release()
        assert staying.result().status_code == 200
    assert held.computed == [1]


def test_the_line_counts_what_fails_too() -> None:
    async def scenario() -> int:
        queue = SearchQueue(0, 10)
        with pytest.raises(ValueError, match="x"):
            async with queue.slot("client"):
                with pytest.raises(BusyError, match=r"the search queue is full \(0 waiting\)"):
                    queue.check("client")
                raise ValueError("x")
        queue.check("client")
        return queue.length

    assert asyncio.run(scenario()) == 0


def test_a_client_with_fewer_searches_takes_the_place_of_the_newest_of_the_longest() -> None:
    async def scenario() -> list[str]:
        queue, order, go = SearchQueue(3, 10), list[str](), asyncio.Event()

        async def search(client: str, name: str) -> None:
            try:
                async with queue.slot(client):
                    await go.wait()
                order.append(f"{name} is answered")
            except BusyError:
                order.append(f"{name} is busy")

        async with asyncio.TaskGroup() as group:
            for client, name in [("a", "a1"), ("a", "a2"), ("a", "a3"), ("a", "a4"), ("b", "b1"), ("b", "b2")]:
                group.create_task(search(client, name))
                await asyncio.sleep(0.01)
            assert queue.length == 4
            with pytest.raises(BusyError, match=r"the search queue is full \(3 waiting\)"):
                queue.check("a")
            with pytest.raises(BusyError, match=r"the search queue is full \(3 waiting\)"):
                queue.check("b")  # it has as many as the other one
            queue.check("c")
            assert order == ["a4 is busy", "a3 is busy"]
            go.set()
        assert queue.length == 0
        return order

    answered = [f"{name} is answered" for name in ("a1", "a2", "b1", "b2")]
    assert sorted(asyncio.run(scenario())[2:]) == answered


def test_one_client_that_fills_the_queue_does_not_keep_others_out(held: HeldServer) -> None:
    def post(client: str) -> httpx.Response:
        headers = {**JSON, "X-Forwarded-For": client}
        return httpx.post(f"{held.url}/search", content=strokes_body(), headers=headers, timeout=30)

    with ThreadPoolExecutor(4) as pool:
        greedy = [pool.submit(post, "192.0.2.1") for _ in range(3)]
        held.wait_for(3)
        other = pool.submit(post, "192.0.2.2")
        while not (finished := [search for search in greedy if search.done()]):
            time.sleep(0.01)
        held.release()
        [loser] = finished
        refused(loser.result(), 503, "busy", "one gave way to another client")
        assert other.result().status_code == 200
        assert sorted(search.result().status_code for search in greedy) == [200, 200, 503]


def test_a_search_that_takes_too_long_is_told_so(tiny_gallery: Path) -> None:
    app = create_app(load_settings(gallery=tiny_gallery, search_timeout=0.3))
    with running(app) as url:
        held = HeldServer(app, url)
        answer = held.post()
        refused(answer, 503, "too_late", "within 0.3 s")
        assert answer.headers["retry-after"] == "1"
        held.release()
        held.wait_for(0)
        assert held.post().status_code == 200
    assert held.computed == [1]


def test_a_timeout_of_something_else_is_not_the_lines() -> None:
    async def scenario() -> None:
        async with SearchQueue(0, 10).slot("client"):
            raise TimeoutError("of a socket")

    with pytest.raises(TimeoutError, match="of a socket"):
        asyncio.run(scenario())


def test_other_work_pauses_only_while_people_search() -> None:
    async def pause() -> list[float]:
        queue = SearchQueue(4, 1)
        pauses = [await queue.give_way(0.01)]
        async with queue.slot("a"):
            pauses.append(await queue.give_way(0.01))
        return [*pauses, await queue.give_way(0.01)]

    before, during, after = asyncio.run(pause())
    assert before == 0 and during == after > 0.01

"""SIGTERM: the server answers accepted requests and refuses new ones, within bounded time."""

from __future__ import annotations

import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

import app.server
from app.catalogue.catalogue import Catalogue
from app.core.shutdown import Shutdown
from app.gallery.gallery import Gallery
from app.ingest.pipeline import Ingest
from app.photo_fetch.address_guard import GuardedNetwork
from app.search.retriever import Retriever
from tests.support.server_process import server_process
from tests.support.sketch_files import JSON, PNG, sketch_file, strokes_body
from tests.support.writable_server import own_gallery, photo

_HEAD = b"POST /search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


def search_slowly() -> None:
    """Let every search take half a second more."""
    search = Retriever.search_all

    def slow(*arguments: Any) -> Any:
        time.sleep(0.5)
        return search(*arguments)

    pytest.MonkeyPatch().setattr(Retriever, "search_all", slow)


def hang_everywhere() -> None:
    """Let everything hang that a server may do; the first search runs before the start."""
    search, patch = Retriever.search_all, pytest.MonkeyPatch()

    def hang(*_: object) -> None:
        threading.Event().wait()

    def search_or_hang(*arguments: Any) -> Any:
        return search(*arguments) if threading.current_thread() is threading.main_thread() else hang()

    patch.setattr(Retriever, "search_all", search_or_hang)
    patch.setattr(GuardedNetwork, "_resolve_checked", hang)
    patch.setattr(Catalogue, "facets", hang)
    patch.setattr(Gallery, "save", hang)
    patch.setattr(Ingest, "write", hang)
    patch.setattr(Gallery, "is_scattered", True)
    patch.setattr(app.server, "SECONDS", 6)
    patch.setattr(app.server, "REQUESTS", 2)


def connect(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def read_all(connection: socket.socket) -> bytes:
    """Return all data until the server closes the connection."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def read_until(connection: socket.socket, end: bytes) -> None:
    """Read an answer up to its end."""
    received = b""
    while not received.endswith(end):
        received += connection.recv(65536)


def wait_for_queue(url: str, length: int) -> None:
    deadline = time.monotonic() + 20
    while f"sketchfind_queue_length {length}.0" not in httpx.get(f"{url}/metrics", timeout=30).text:
        assert time.monotonic() < deadline


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_what_was_accepted_is_answered_and_nothing_else(tiny_gallery: Path, stop: signal.Signals) -> None:
    with ExitStack() as stack:
        server, url = stack.enter_context(server_process(tiny_gallery, search_slowly))
        idle = stack.enter_context(connect(url))
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        read_until(idle, b'"}')  # and the connection is kept
        accepted = [stack.enter_context(connect(url)) for _ in range(4)]
        for connection in accepted:
            connection.sendall(_HEAD % len(strokes_body()) + strokes_body())
        wait_for_queue(url, len(accepted))
        server.send_signal(stop)
        assert idle.recv(65536) == b""  # closed, so that its client asks elsewhere
        with pytest.raises(OSError):
            connect(url)
        answers = [read_all(connection) for connection in accepted]
        assert all(answer.startswith(b"HTTP/1.1 200") and b'"results"' in answer for answer in answers)
        assert server.wait(30) == 0


def test_a_server_in_which_everything_hangs_ends_in_time_and_says_what_hangs(
    tiny_gallery: Path, tmp_path: Path
) -> None:
    gallery, key = own_gallery(tiny_gallery, tmp_path)
    log = tmp_path / "log"
    with ExitStack() as stack:
        server, url = stack.enter_context(server_process(gallery, hang_everywhere, log))
        pool = stack.enter_context(ThreadPoolExecutor(4))
        client = stack.enter_context(httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30))
        feed = "id,image_link\n1,http://shop.example/1.png\n"
        client.post("/products/import", content=feed, headers={"Content-Type": "text/csv"}).raise_for_status()
        decoders = psutil.Process(server.pid).children()
        for decoder in decoders:
            decoder.suspend()
        hanging = [
            pool.submit(client.post, "/search", content=strokes_body(), headers=JSON),
            pool.submit(client.post, "/search", content=sketch_file(), headers=PNG),
            pool.submit(client.put, "/products/1", files={"photo": photo(1)}),
            pool.submit(client.get, "/facets"),
        ]
        time.sleep(1)
        server.send_signal(signal.SIGTERM)
        started = time.monotonic()
        assert server.wait(30) == 1
        assert time.monotonic() - started < 6.5
        assert not wait(hanging, 10).not_done  # the connections are gone
    last = log.read_text().splitlines()[-1]
    for name in ("searches", "single writes", "imports", "upkeep", "AnyIO worker thread"):
        assert name in last
    assert not psutil.wait_procs(decoders, timeout=5)[1]


def test_what_closes_shares_the_time_and_what_hangs_leaves_some_for_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    shutdown, closed, hang = Shutdown(2), list[str](), threading.Event()
    started = time.monotonic()
    shutdown.close({"a": hang.wait, "b": lambda: closed.append("b"), "c": lambda: 1 / 0})
    shutdown.close({"d": hang.wait})
    shutdown.close({"e": lambda: closed.append("e")})
    assert time.monotonic() - started < 1.5
    assert (shutdown.unfinished, closed) == (["a", "d"], ["b", "e"])
    assert "c could not be closed" in caplog.text
    hang.set()

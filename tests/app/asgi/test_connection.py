"""Clients that read too slowly are disconnected; clients on a slow network get their whole answer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from starlette.types import Receive, Scope, Send

from app.asgi.connection import TimeoutProtocol
from tests.conftest import running

SIZE = 24 << 20  # bytes: more than systems take for a client that does not read
SMALL = 2 << 20  # bytes: fits into the buffers of systems that grow them


async def _large_answers(scope: Scope, _receive: Receive, send: Send) -> None:
    """Send SIZE bytes in one message; /pieces sends them in 16 messages, and /small sends SMALL bytes."""
    if scope["type"] != "http":
        return
    size = SMALL if scope["path"] == "/small" else SIZE
    chunk = size >> 4 if scope["path"] == "/pieces" else size
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % size)]})
    for sent in range(chunk, size + 1, chunk):
        await send({"type": "http.response.body", "body": bytes(chunk), "more_body": sent < size})


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    with running(_large_answers) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        yield host, int(port)


def send_request(
    address: tuple[str, int], path: str, headers: str = "", receive_buffer: int | None = None
) -> socket.socket:
    connection = socket.socket()
    connection.settimeout(20)
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.connect(address)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
    return connection


def read(connection: socket.socket, pause: float = 0) -> int:
    """Read an answer with a pause after each MB, and return its size in bytes."""
    size, slept = 0, 0
    with suppress(ConnectionResetError):
        while size < SIZE and (chunk := connection.recv(1 << 20)):
            size += len(chunk)
            if size >> 20 > slept:
                slept = size >> 20
                time.sleep(pause)
    return size


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Return an event that is set when the server has lost the connection."""
    is_lost, end = threading.Event(), TimeoutProtocol.connection_lost

    def connection_lost(connection: TimeoutProtocol, error: Exception | None) -> None:
        end(connection, error)
        is_lost.set()

    monkeypatch.setattr(TimeoutProtocol, "connection_lost", connection_lost)
    return is_lost


@pytest.mark.parametrize(("path", "headers"), [("/", ""), ("/pieces", ""), ("/", "Connection: close\r\n")])
def test_who_does_not_read_is_cut_off(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch, lost: threading.Event, path: str, headers: str
) -> None:
    monkeypatch.setattr("app.asgi.connection.TIMEOUT", 0.2)
    with send_request(address, path, headers) as connection:
        assert lost.wait(20)
        assert 0 < read(connection) < SIZE


def test_an_answer_that_a_system_could_keep_whole_is_dropped_too(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch, lost: threading.Event
) -> None:
    monkeypatch.setattr("app.asgi.connection.TIMEOUT", 0.2)
    with send_request(address, "/small", receive_buffer=4096) as connection:
        assert lost.wait(20)
        assert 0 < read(connection) < 200_000


@pytest.mark.parametrize("path", ["/", "/pieces"])
def test_a_client_that_reads_without_a_pause_but_too_slowly_is_disconnected(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr("app.asgi.connection.TIMEOUT", 0.5)
    monkeypatch.setattr("app.asgi.connection.MIN_RATE", 10**8)
    with send_request(address, path) as connection:
        assert 0 < read(connection, pause=0.1) < SIZE


@pytest.mark.parametrize("path", ["/", "/pieces"])
def test_who_reads_slowly_gets_all(address: tuple[str, int], monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr("app.asgi.connection.TIMEOUT", 2.0)
    monkeypatch.setattr("app.asgi.connection.MIN_RATE", 10**6)
    with send_request(address, path) as connection:
        assert read(connection, pause=0.1) >= SIZE

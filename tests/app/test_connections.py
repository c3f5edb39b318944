"""Who does not read what he has asked for keeps no connection; who reads slowly gets all of it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send

from app import connections
from app.connections import Connection
from tests.conftest import running

SIZE = 24 << 20  # bytes: more than systems take for a client that does not read


async def _large(scope: Scope, _receive: Receive, send: Send) -> None:
    """SIZE bytes, at once, or from /pieces in many."""
    if scope["type"] != "http":
        return
    piece = SIZE >> 4 if scope["path"] == "/pieces" else SIZE
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % SIZE)]})
    for sent in range(piece, SIZE + 1, piece):
        await send({"type": "http.response.body", "body": bytes(piece), "more_body": sent < SIZE})


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    with running(_large) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        yield host, int(port)


def ask(address: tuple[str, int], path: str, headers: str = "") -> socket.socket:
    connection = socket.create_connection(address, timeout=20)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
    return connection


def read(connection: socket.socket, pause: float = 0) -> int:
    """How many bytes of an answer come, with a pause after each MB."""
    size, slept = 0, 0
    while size < SIZE and (piece := connection.recv(1 << 20)):
        size += len(piece)
        if size >> 20 > slept:
            slept = size >> 20
            time.sleep(pause)
    return size


@pytest.mark.parametrize(("path", "headers"), [("/", ""), ("/pieces", ""), ("/", "Connection: close\r\n")])
def test_who_does_not_read_is_cut_off(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch, path: str, headers: str
) -> None:
    lost, end = threading.Event(), Connection.connection_lost

    def connection_lost(connection: Connection, error: Exception | None) -> None:
        end(connection, error)
        lost.set()

    monkeypatch.setattr(Connection, "connection_lost", connection_lost)
    monkeypatch.setattr(connections, "PATIENCE", 0.2)
    with ask(address, path, headers) as connection:
        assert lost.wait(20)
        assert 0 < read(connection) < SIZE


@pytest.mark.parametrize("path", ["/", "/pieces"])
def test_who_reads_slowly_gets_all(address: tuple[str, int], monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 2.0)
    with ask(address, path) as connection:
        assert read(connection, pause=0.1) >= SIZE

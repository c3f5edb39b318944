"""SIGTERM: what was accepted is answered, nothing new is."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.app.sketches import strokes_body

_PROGRAM = """
import time
from app.main import serve
from app.retriever import Retriever
from app.settings import load_settings
search = Retriever.search_all
def slowly(*arguments):
    time.sleep(0.5)
    return search(*arguments)
Retriever.search_all = slowly
serve(load_settings())
"""
_HEAD = b"POST /search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


def connect(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def read_all(connection: socket.socket) -> bytes:
    """All until the server closes the connection."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def read_until(connection: socket.socket, end: bytes) -> None:
    """An answer, up to its end."""
    received = b""
    while not received.endswith(end):
        received += connection.recv(65536)


def wait_for_queue(url: str, length: int) -> None:
    deadline = time.monotonic() + 20
    while f"sketchfind_queue_length {length}.0" not in httpx.get(f"{url}/metrics", timeout=30).text:
        assert time.monotonic() < deadline


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_what_was_accepted_is_answered_and_nothing_else(tiny_gallery: Path, stop: signal.Signals) -> None:
    environment = {**os.environ, "SKETCHFIND_GALLERY": str(tiny_gallery), "SKETCHFIND_PORT": "0"}
    command = [sys.executable, "-c", _PROGRAM]
    with ExitStack() as stack:
        process = stack.enter_context(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
        stack.callback(process.kill)
        assert process.stdout
        url = process.stdout.readline().split()[-1]
        idle = stack.enter_context(connect(url))
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        read_until(idle, b'{"status":"ok"}')  # and the connection is kept
        accepted = [stack.enter_context(connect(url)) for _ in range(4)]
        for connection in accepted:
            connection.sendall(_HEAD % len(strokes_body()) + strokes_body())
        wait_for_queue(url, len(accepted))
        process.send_signal(stop)
        assert idle.recv(65536) == b""  # closed, so that its client asks elsewhere
        with pytest.raises(OSError):
            connect(url)
        answers = [read_all(connection) for connection in accepted]
        assert all(answer.startswith(b"HTTP/1.1 200") and b'"results"' in answer for answer in answers)
        assert process.wait(30) == 0

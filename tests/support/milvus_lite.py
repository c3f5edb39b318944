"""Milvus Lite: a server on loopback, in a thread of the tests or in a process that can be killed."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from app.gallery.milvus_index.milvus_address import MilvusAddress


@cache
def _server() -> tuple[Any, Any, int]:
    """Start the one server of these tests, which runs as long as this is cached. Returns its port last."""
    from milvus_lite.adapter.grpc.server import start_server_in_thread

    server: tuple[Any, Any, int]
    server = start_server_in_thread(data_dir=mkdtemp(prefix="milvus"), host="127.0.0.1", port=0)
    return server


def new_collection(name: str) -> MilvusAddress:
    """Return the address of a collection in the server of these tests. FLAT finds exactly the nearest."""
    return MilvusAddress.parse(f"milvus://127.0.0.1:{_server()[2]}/{name}?index=FLAT")


class MilvusProcess:
    """Server in a process of its own, on one port and directory, between kill() and start()."""

    def __init__(self, directory: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = probe.getsockname()[1]
        self._directory = directory
        self.address = MilvusAddress.parse(f"milvus://127.0.0.1:{self._port}/killed?index=FLAT")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server."""
        place = ["--data-dir", str(self._directory), "--host", "127.0.0.1", "--port", str(self._port)]
        command = [sys.executable, "-m", "milvus_lite", "server", *place]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait(self) -> MilvusAddress:
        """Wait until the server accepts connections. Returns the address of a collection in it."""
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port)).close()
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            else:
                return self.address

    def kill(self) -> None:
        """Kill the server, as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@contextmanager
def milvus_process(directory: Path) -> Iterator[MilvusProcess]:
    """Run a server until the block ends."""
    server = MilvusProcess(directory)
    server.start()
    try:
        yield server
    finally:
        server.kill()

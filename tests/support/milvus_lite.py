"""Milvus Lite: a server on loopback, in a thread of the tests or in a process that can be killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from app.gallery.milvus_index.milvus_address import MilvusAddress
from benchmarks.reliability.milvus_kills import MilvusProcess


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


@contextmanager
def milvus_process(directory: Path) -> Iterator[MilvusProcess]:
    """Run a server in a process of its own until the block ends."""
    server = MilvusProcess(directory)
    try:
        yield server
    finally:
        server.kill()

"""Milvus Lite: a server on loopback, in a thread of the tests or in a process that can be killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from app.gallery.milvus_index.milvus_address import MilvusAddress
from benchmarks.reliability.milvus_kills import MilvusProcess
from benchmarks.search.milvus_results import MilvusLite


@cache
def _server() -> MilvusLite:
    """Start the one server of these tests, which runs as long as this is cached."""
    return MilvusLite(Path(mkdtemp(prefix="milvus")))


def new_collection(name: str) -> MilvusAddress:
    """Return the address of a collection in the server of these tests."""
    return _server().collection(name)


@contextmanager
def milvus_process(directory: Path) -> Iterator[MilvusProcess]:
    """Run a server in a process of its own until the block ends."""
    server = MilvusProcess(directory)
    try:
        yield server
    finally:
        server.kill()

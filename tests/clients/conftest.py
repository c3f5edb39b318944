"""A real server that clients may write to, with the photos of a feed on the web."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import serving
from tests.support.photo_web import web
from tests.support.writable_server import own_gallery, photo


@dataclass(frozen=True)
class Served:
    """Address of a server, a write key of it, and a feed of two products and one line that cannot be read."""

    address: str
    key: str
    feed: bytes


@pytest.fixture(scope="session")
def served(tiny_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve a gallery of its own for the tests of clients."""
    gallery, key = own_gallery(tiny_gallery, tmp_path_factory.mktemp("clients"))
    with web() as photos, serving(gallery, allow_private_addresses=True, events=True) as address:
        photos.answers["/a.png"] = (200, {"Content-Type": "image/png"}, photo(90))
        entries = [{"id": name, "title": name, "image_link": photos.url("/a.png")} for name in ("fed-1", "fed-2")]
        yield Served(address, key, "\n".join([*map(json.dumps, entries), '{"id": "fed-3"}']).encode())


@pytest.fixture
def node() -> str:
    """Return the path of Node.js; without it skip the test, or fail it in CI."""
    path = shutil.which("node")
    if path is not None:
        return path
    message = "node is not installed: the JavaScript client is not tested"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)

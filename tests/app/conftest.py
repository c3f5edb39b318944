"""A client of the live server."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.app.sketches import JSON, strokes_body


@pytest.fixture(scope="session")
def client(live_server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=live_server, timeout=30) as client:
        yield client


@pytest.fixture
def survivor(client: httpx.Client) -> Iterator[httpx.Client]:
    """The client of a server that must still search after the test."""
    yield client
    assert client.post("/search", content=strokes_body(), headers=JSON).status_code == 200

"""Client of the live server, and the databases of a catalogue."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.postgres import Postgres, PostgresMissingError, running
from tests.support.sketch_files import JSON, strokes_body
from tests.support.small_galleries import URL_FILE, close_catalogues


@pytest.fixture(scope="session")
def client(live_server: str) -> Iterator[httpx.Client]:
    """Yield a client of the live server."""
    with httpx.Client(base_url=live_server, timeout=30) as client:
        yield client


@pytest.fixture
def survivor(client: httpx.Client) -> Iterator[httpx.Client]:
    """Yield the client, and check that the server still searches after the test."""
    yield client
    assert client.post("/search", content=strokes_body(), headers=JSON).status_code == 200


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Start one PostgreSQL server per test process; without PostgreSQL skip the test, or fail it in CI."""
    try:
        with running() as server:
            yield server
    except PostgresMissingError as error:
        pytest.fail(str(error)) if os.environ.get("CI") else pytest.skip(str(error))


@pytest.fixture(params=["sqlite", "postgresql"])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Make a gallery directory whose catalogue is a file in it, or a database of a server."""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        (tmp_path / URL_FILE).write_text(server.place())
    yield tmp_path
    close_catalogues()

"""A client of the live server, and the databases that a catalogue can be in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.postgres import NoPostgres, Postgres, running
from tests.support.sketch_files import JSON, strokes_body
from tests.support.small_galleries import URL_FILE, close_catalogues


@pytest.fixture(scope="session")
def client(live_server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=live_server, timeout=30) as client:
        yield client


@pytest.fixture
def survivor(client: httpx.Client) -> Iterator[httpx.Client]:
    """The client of a server that must still search after the test."""
    yield client
    assert client.post("/search", content=strokes_body(), headers=JSON).status_code == 200


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server of its own for every process that runs tests."""
    try:
        with running() as server:
            yield server
    except NoPostgres as error:
        pytest.fail(str(error)) if os.environ.get("CI") else pytest.skip(str(error))


@pytest.fixture(params=["sqlite", "postgresql"])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A gallery's directory whose catalogue is a file in it, or on a server."""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        (tmp_path / URL_FILE).write_text(server.place())
    yield tmp_path
    close_catalogues()

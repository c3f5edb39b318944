"""The sketching page and its files."""

from __future__ import annotations

import re
import time

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from app.catalogue.catalogue import Catalogue
from tests.conftest import PRODUCTS


def test_the_page_and_its_files(client: httpx.Client) -> None:
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert f"{len(PRODUCTS)} products" in page.text
    files = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert len(files) >= 3
    for file in files:
        response = client.get(file)
        assert response.status_code == 200
        assert ("immutable" in response.headers["cache-control"]) == file.startswith("/static/")


def test_the_page_opens_while_the_database_is_away(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_catalogue: Catalogue) -> int:
        raise OperationalError("SELECT", {}, Exception("connection refused"))

    with monkeypatch.context() as patch:
        patch.setattr(Catalogue, "revision", away)
        assert f"{len(PRODUCTS)} products" in client.get("/").text
    deadline = time.monotonic() + 10
    while client.get("/readyz").json()["database"] == "away":  # filters are refused until then
        assert time.monotonic() < deadline
        time.sleep(0.05)

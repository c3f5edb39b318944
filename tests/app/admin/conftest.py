"""One server with a write key, and an operator who has signed in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.main import create_app
from app.settings import load_settings
from tests.conftest import running
from tests.support.operator import sign_in
from tests.support.writable_server import own_gallery


@dataclass
class AdminShop:
    """Served gallery: its address, its app, its directory, its write key and the folder of its backups."""

    url: str
    app: FastAPI
    gallery: Path
    key: str
    backup_to: Path


@pytest.fixture(scope="session")
def shop(tiny_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdminShop]:
    folder = tmp_path_factory.mktemp("admin")
    gallery, key = own_gallery(tiny_gallery, folder)
    settings = load_settings(
        gallery=gallery,
        search_rate=0,
        write_rate=0,
        trusted_proxies="127.0.0.1",
        backup_to=folder / "backup",
        allow_private_addresses=True,
        feed_url="http://127.0.0.1:9/feed",
    )
    app = create_app(settings)
    with running(app) as url:
        yield AdminShop(url, app, gallery, key, folder / "backup")


@pytest.fixture
def stranger(shop: AdminShop) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shop.url, timeout=30) as client:
        yield client


@pytest.fixture
def operator(stranger: httpx.Client, shop: AdminShop) -> httpx.Client:
    assert sign_in(stranger, shop.key).headers["location"] == "/admin"
    return stranger

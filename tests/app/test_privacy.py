"""Nothing of a shopper is stored: docs/privacy.md is true."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import httpx
import pytest

from app.core.atomic_files import sha256_of
from app.database.analytics.tables import events
from tests.conftest import serving
from tests.support.sketch_files import JSON, PNG, sketch_file, strokes_body
from tests.support.writable_server import own_gallery


def contents(*folders: Path) -> dict[str, str]:
    """Hash all files. SQLite's index of its log is left out, since readers mark themselves there."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {str(path): sha256_of(path) for path in files if not path.name.endswith("-shm")}


def test_a_visit_stores_nothing_and_sets_no_cookie(
    tiny_gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery, temporary = own_gallery(tiny_gallery, tmp_path)[0], tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with serving(gallery) as url, httpx.Client(base_url=url, timeout=30) as client:
        before = contents(gallery, temporary)
        sketch = sketch_file()
        answers = [
            client.get("/"),
            client.post("/search", content=strokes_body(), headers=JSON),
            client.post("/search?category=Shoes", content=sketch, headers=PNG),
            client.post("/search", files={"sketch": ("s.png", sketch)}),
            client.post("/search", files={"sketch": ("s.png", sketch + bytes(2**21))}),  # more than fits in a buffer
            client.post("/strokes", content=sketch, headers=PNG),
            client.get("/facets?category=Shoes"),
            client.get("/products/boot-1"),
            client.get("/products/boot-1/similar"),
            client.post("/products/boot-1/match", content=strokes_body(), headers=JSON),
            client.get("/metrics"),
        ]
        assert {answer.status_code for answer in answers} == {200}
        assert [answer.url for answer in answers if "set-cookie" in answer.headers] == []
        assert not re.search(r"127\.0\.0\.1|Shoes|boot-1", answers[-1].text)
        assert contents(gallery, temporary) == before


def test_no_more_is_stored_of_events_than_is_documented() -> None:
    docs = Path(__file__).resolve().parents[2] / "docs" / "analytics.md"
    section = docs.read_text().split("## What is stored")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.M) == [column.name for column in events.columns]

"""Tests of the cache of HTTP validators. Its loss does no harm."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from app.photo_fetch.validator_cache import ValidatorCache, Validators

PHOTO = Validators("source", '"tag"', "")


def test_a_full_disk_only_forgets(tmp_path: Path) -> None:
    with closing(ValidatorCache(tmp_path / "cache" / "validators.sqlite")) as cache:
        cache.put("https://shop.example/1.png", PHOTO)
        cache._connection.execute("PRAGMA max_page_count = 1")  # as many as there are, as on a full disk
        for number in range(2, 200):
            cache.put(f"https://shop.example/{number}/{'x' * 500}.png", PHOTO)
        assert cache.get("https://shop.example/1.png") == PHOTO
        assert cache.get(f"https://shop.example/199/{'x' * 500}.png") is None


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "validators.sqlite"
    path.write_bytes(b"not a database" * 1000)
    with closing(ValidatorCache(path)) as cache:
        cache.put("https://shop.example/1.png", PHOTO)
        assert cache.get("https://shop.example/1.png") == PHOTO


def test_no_room_for_the_file_is_an_error_of_the_disk(tmp_path: Path) -> None:
    (tmp_path / "validators.sqlite").mkdir()
    with pytest.raises(OSError):
        ValidatorCache(tmp_path / "validators.sqlite")


def test_only_what_http_can_send_is_asked_with(tmp_path: Path) -> None:
    assert Validators("source", '"bööt"', "spät").headers() == {}
    with closing(ValidatorCache(tmp_path / "validators.sqlite")) as cache:
        cache.put("https://shop.example/1.png", Validators("source", '"bööt"', ""))
        assert cache.get("https://shop.example/1.png") is None

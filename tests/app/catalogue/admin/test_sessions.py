"""Sessions of the admin page: known to all servers, until they expire, are closed, or lose their key."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from sqlalchemy import inspect, select

from app.catalogue.admin.sessions import SECONDS, AdminSessions
from app.catalogue.api_keys import ApiKey
from app.catalogue.catalogue import Catalogue
from app.database.tables import admin_sessions
from tests.support.small_galleries import open_catalogue


def add_key(catalogue: Catalogue, name: str) -> ApiKey:
    catalogue.keys.add(name, "write")
    return next(key for key in catalogue.keys.all() if key.name == name)


def test_every_server_knows_a_session_until_it_is_closed(directory: Path) -> None:
    first, second = open_catalogue(directory), open_catalogue(directory)
    key = add_key(first, "operator")
    token = AdminSessions(first).open(key)
    assert AdminSessions(second).find(token) == key
    assert AdminSessions(second).find(f"{token}x") is None
    AdminSessions(second).close(token)
    assert AdminSessions(first).find(token) is None


def test_a_session_ends_with_its_time_or_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = open_catalogue(tmp_path)
    sessions, key = AdminSessions(catalogue), add_key(catalogue, "operator")
    token, now = sessions.open(key), time.time()
    monkeypatch.setattr("app.catalogue.api_keys._FRESH", 0.0)
    assert sessions.find(token) == key
    catalogue.keys.remove("operator")
    assert sessions.find(token) is None
    monkeypatch.setattr(time, "time", lambda: now + SECONDS)
    other = add_key(catalogue, "other")
    later = sessions.open(other)
    with catalogue.moment() as connection:
        stored = connection.execute(select(admin_sessions.c.token_sha256)).scalars().all()
    assert len(stored) == 1 and later not in stored  # the expired one is gone, and a token is not stored


def test_catalogues_of_format_7_get_the_table(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    with catalogue.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE admin_sessions")
        connection.exec_driver_sql("UPDATE catalogue SET format = 7")
    catalogue.close()
    with open_catalogue(tmp_path).moment() as connection:
        assert inspect(connection).has_table("admin_sessions")

"""Databases as a catalogue uses them: SQLite and PostgreSQL, with the same promises.

Reads are of one moment, however many statements they take. Writes wait for one another: a write first takes the
catalogue's one row (advance() in app/writing.py), and so revisions are committed in their order.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, select, text

from app.migration import migrate_from_1
from app.records import CatalogueError
from app.tables import FORMAT, catalogue, metadata

_BUSY_MS = 30_000  # how long a writer waits for another one
_MAKING = 0x5E7C4F1D  # names PostgreSQL's lock of those who make or migrate tables; any number would do


def open_engine(url: str | URL) -> tuple[Engine, Engine]:
    """A database's engine to read by and its engine to write by, with the tables made or brought up to date.

    Raises CatalogueError for what is not a catalogue, or of a version that is not known.
    """
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
        reading, writing = engine, engine.execution_options(begin="IMMEDIATE")
    else:
        reading = engine.execution_options(isolation_level="REPEATABLE READ")
        writing = engine.execution_options(isolation_level="READ COMMITTED")
    _prepare_tables(reading, writing)
    return reading, writing


def _prepare_sqlite(engine: Engine) -> None:
    """Readers beside one writer, commits that survive a power cut, and transactions that also cover reads."""

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # else the driver begins transactions late, at the first write
        for pragma in ("journal_mode = WAL", "synchronous = FULL", f"busy_timeout = {_BUSY_MS}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', '')}")


def _prepare_tables(reading: Engine, writing: Engine) -> None:
    """Make the tables and their one record, all or none, unless they are there."""
    with reading.connect() as connection:
        if _format_of(connection) == FORMAT:
            return
    with writing.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MAKING})
        found = _format_of(connection)  # another process may have been quicker
        if found == 1:
            migrate_from_1(connection)
        elif found is None:
            metadata.create_all(connection)
            first = {"key": 1, "format": FORMAT, "identity": uuid.uuid4().hex, "revision": 0, "factory": "Flat"}
            connection.execute(insert(catalogue), first)
        elif found != FORMAT:
            raise CatalogueError(f"catalogue has format {found}: expected {FORMAT}, the one of this version")


def _format_of(connection: Connection) -> int | None:
    """The format of a database's catalogue; None when it has none. Raises CatalogueError for tables of others."""
    inspector = inspect(connection)
    there = sorted(set(inspector.get_table_names()) & metadata.tables.keys())
    if not there:
        return None
    if catalogue.name in there and {"format", "identity"} <= {c["name"] for c in inspector.get_columns(catalogue.name)}:
        found = connection.execute(select(catalogue.c.format)).scalar()
        if found is not None:
            return int(found)
    raise CatalogueError(f"the database has tables ({', '.join(there)}) that are no catalogue: expected an empty one")

"""SQLAlchemy engines for catalogues on SQLite and PostgreSQL, with the same guarantees.

A read is of one moment, even with several statements. Writers wait for each other: a write first updates the
catalogue's one row (claim_revisions() in app/database/mutations.py), so revisions are committed in order.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, make_url, select, text
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from app.core.fair_lock import FairLock
from app.core.wait_budget import wait_budget
from app.database.contact.database_server import DatabaseServer
from app.database.damage import name_damage
from app.database.errors import CatalogueError
from app.database.migrations.migrations import MIGRATIONS
from app.database.read_limits import watch_reads
from app.database.state import new_identity
from app.database.tables import FORMAT, catalogue, metadata

WRITE_TIMEOUT = 30.0  # s that a writer waits for others, unless app/core/wait_budget.py sets less
_CONNECT_TIMEOUT = 5  # s
# of the operating system, for a server that vanishes without closing its connections: noticed after 10 to 20 s
_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2, "tcp_user_timeout": 10_000}
_CONNECTING = {"connect_timeout": _CONNECT_TIMEOUT, **_KEEPALIVE}  # for PostgreSQL
# Each combination of filters makes a few statements, which take up to about 100 kB each when they are compiled. The
# cache holds the usual combinations; a client that sends all of them cannot fill the memory. psycopg prepares 100.
_STATEMENTS = 100  # compiled statements that SQLAlchemy caches; it discards some at one and a half times as many
_STATEMENTS_OF_ONE = 32  # prepared statements that each connection to SQLite caches
_HAS_WRITE_LOCK = "has_write_lock"  # a flag in the info of a connection
_TABLES_LOCK = 0x5E7C4F1D  # number of PostgreSQL's lock for creating or migrating tables; it has no meaning


class Engines(NamedTuple):
    """Engines of a database for reading and for writing, and its server, if it is not a file."""

    reading: Engine
    writing: Engine
    server: DatabaseServer | None


def open_engines(url: str | URL) -> Engines:
    """Open a database. Tables are created or migrated.

    Raises CatalogueError for a database that is not a catalogue, or of an unknown version.
    """
    address, server = _parse_url(url), None
    if address.get_backend_name() == "sqlite":
        connecting = {"cached_statements": _STATEMENTS_OF_ONE}
        options: dict[str, Any] = {"query_cache_size": _STATEMENTS, "connect_args": connecting}
        # two engines, so that writers that wait for a lock do not take readers' connections; a file allows plenty
        reading, writing = create_engine(address, max_overflow=-1, **options), create_engine(address, **options)
        _prepare_sqlite(reading, writing)
    else:
        reading = _create_postgresql(address, "REPEATABLE READ")
        # each statement then sees the commits of earlier writers, for which it waited in claim_revisions()
        writing = _create_postgresql(address, "READ COMMITTED")
        event.listen(writing, "begin", _limit_lock_wait)
        server = DatabaseServer(reading, writing, _CONNECTING)
    name_damage(reading)
    name_damage(writing)
    watch_reads(reading)
    try:
        _prepare_tables(reading, writing)
    except BaseException:
        reading.dispose()
        writing.dispose()
        raise
    return Engines(reading, writing, server)


def _parse_url(url: str | URL) -> URL:
    """Parse a URL. Raises CatalogueError for an unusable one, without repeating it: it may hold a password."""
    expected = "expected a URL such as postgresql://user:password@host/name or sqlite:////path"
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise CatalogueError(f"the catalogue's URL cannot be read: {expected}") from None
    kind = address.drivername.partition("+")[0]
    if kind not in ("sqlite", "postgresql", "postgres"):
        raise CatalogueError(f"the catalogue's URL is of a database {kind!r}: {expected}")
    return address if kind == "sqlite" else address.set(drivername="postgresql+psycopg")


def _create_postgresql(address: URL, isolation_level: IsolationLevel) -> Engine:
    try:
        # the ping replaces a connection that the server has closed in the meantime
        return create_engine(
            address,
            query_cache_size=_STATEMENTS,
            pool_pre_ping=True,
            connect_args=_CONNECTING,
            isolation_level=isolation_level,
        )
    except ModuleNotFoundError:
        raise CatalogueError("PostgreSQL needs psycopg: expected `pip install 'sketchfind[postgres]'`") from None


def _limit_lock_wait(connection: Connection) -> None:
    """Limit how long a writer waits for earlier ones."""
    with wait_budget(WRITE_TIMEOUT).waiting() as seconds:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(1, round(1000 * seconds))}")  # ms; 0 means no limit


def _prepare_sqlite(reading: Engine, writing: Engine) -> None:
    """Configure readers beside one writer, commits that survive a power cut, and transactions that include reads.

    SQLite polls a busy lock, so a continuous writer such as an import can starve the others. Writers of this process
    therefore queue on a FIFO lock, and poll only against writers of other processes.
    """
    write_lock = FairLock()

    @event.listens_for(reading, "connect")
    @event.listens_for(writing, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # otherwise the driver begins transactions only at the first write
        for pragma in ("journal_mode = WAL", "synchronous = FULL", f"busy_timeout = {round(1000 * WRITE_TIMEOUT)}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(reading, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    @event.listens_for(writing, "begin")
    def begin_writing(connection: Connection) -> None:
        with wait_budget(WRITE_TIMEOUT).waiting() as seconds:
            end = time.monotonic() + seconds
            if write_lock.acquire(seconds):
                connection.info[_HAS_WRITE_LOCK] = True
            left = max(0, round(1000 * (end - time.monotonic())))
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {left}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(writing, "checkin")
    def end(_connection: Any, record: ConnectionPoolEntry) -> None:
        if record.info.pop(_HAS_WRITE_LOCK, False):
            write_lock.release()


def _prepare_tables(reading: Engine, writing: Engine) -> None:
    """Create or migrate the tables in one transaction, unless they are up to date."""
    with reading.connect() as connection:
        if _read_format(connection) == FORMAT:
            return
    with writing.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _TABLES_LOCK})
        stored = _read_format(connection)  # again: another process may have been quicker
        if stored in MIGRATIONS:
            MIGRATIONS[stored](connection)
        elif stored is None:
            metadata.create_all(connection)
            first = {"key": 1, "format": FORMAT, "identity": new_identity(), "revision": 0, "factory": "Flat"}
            connection.execute(insert(catalogue), first)
        elif stored != FORMAT:
            raise CatalogueError(f"catalogue has format {stored}: expected {FORMAT}, the one of this version")


def _read_format(connection: Connection) -> int | None:
    """Return the format of a database's catalogue, None if it has no tables. Raises CatalogueError for other tables."""
    inspector = inspect(connection)
    there = sorted(set(inspector.get_table_names()) & metadata.tables.keys())
    if not there:
        return None
    if catalogue.name in there and {"format", "identity"} <= {c["name"] for c in inspector.get_columns(catalogue.name)}:
        stored = connection.execute(select(catalogue.c.format)).scalar()
        if stored is not None:
            return int(stored)
    raise CatalogueError(
        f"the database has tables ({', '.join(there)}) that are not a catalogue: expected an empty one"
    )

"""Databases as a catalogue uses them: SQLite and PostgreSQL, with the same promises.

Reads are of one moment, however many statements they take. Writes wait for one another: a write first takes the
catalogue's one row (advance() in app/database/mutations.py), and so revisions are committed in their order.
"""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, make_url, select, text
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from app.core.fair_lock import FairLock
from app.core.wait_budget import wait_budget
from app.database.damage import name_damage
from app.database.errors import CatalogueError
from app.database.migrations import migrate_from_1, migrate_from_2
from app.database.read_limits import watch_reads
from app.database.state import new_identity
from app.database.tables import FORMAT, catalogue, metadata

WRITE_TIMEOUT = 30.0  # s that a writer waits for others, unless app/core/wait_budget.py says less
_CONNECTING = 10  # s to connect to a server in
# Each combination of filters makes a few statements, which take up to about 100 kB each when they are compiled. The
# usual combinations fit; a client that sends all of them cannot fill the memory. psycopg prepares at most 100.
_STATEMENTS = 100  # that SQLAlchemy keeps compiled, and half as many again before it forgets some
_STATEMENTS_OF_ONE = 32  # that one of SQLite's connections keeps prepared
_TURN = "turn"  # marks a connection whose turn to write it is
_MAKING = 0x5E7C4F1D  # names PostgreSQL's lock of those who make or migrate tables; any number would do


def open_engine(url: str | URL) -> tuple[Engine, Engine]:
    """A database's engine to read by and its engine to write by, with the tables made or brought up to date.

    Raises CatalogueError for what is not a catalogue, or of a version that is not known.
    """
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        connecting = {"cached_statements": _STATEMENTS_OF_ONE}
        options: dict[str, Any] = {"query_cache_size": _STATEMENTS, "connect_args": connecting}
        # connections of their own, so that writers who wait for a lock leave readers theirs, of which a file has plenty
        reading, writing = create_engine(address, max_overflow=-1, **options), create_engine(address, **options)
        _prepare_sqlite(reading, writing)
    else:
        reading = _postgresql(address, "REPEATABLE READ")
        # each statement then sees what the writers before have committed, which it waited for in advance()
        writing = _postgresql(address, "READ COMMITTED")
        event.listen(writing, "begin", _bound_lock)
    name_damage(reading)
    name_damage(writing)
    watch_reads(reading)
    try:
        _prepare_tables(reading, writing)
    except BaseException:
        reading.dispose()
        writing.dispose()
        raise
    return reading, writing


def _address(url: str | URL) -> URL:
    """The URL, unless it is none of a database that a catalogue can be in. It has a password: no message repeats it."""
    expected = "expected a URL such as postgresql://user:password@host/name or sqlite:////path"
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise CatalogueError(f"the catalogue's URL cannot be read: {expected}") from None
    kind = address.drivername.partition("+")[0]
    if kind not in ("sqlite", "postgresql", "postgres"):
        raise CatalogueError(f"the catalogue's URL is of a database {kind!r}: {expected}")
    return address if kind == "sqlite" else address.set(drivername="postgresql+psycopg")


def _postgresql(address: URL, isolation_level: IsolationLevel) -> Engine:
    connecting = {"connect_timeout": _CONNECTING}
    try:
        # a connection that the server has closed in the meantime is replaced before it is used
        return create_engine(
            address,
            query_cache_size=_STATEMENTS,
            pool_pre_ping=True,
            connect_args=connecting,
            isolation_level=isolation_level,
        )
    except ModuleNotFoundError:
        raise CatalogueError("PostgreSQL needs psycopg: expected `pip install 'sketchfind[postgres]'`") from None


def _bound_lock(connection: Connection) -> None:
    """Have a writer wait for those before it only for so long."""
    with wait_budget(WRITE_TIMEOUT).waiting() as seconds:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(1, round(1000 * seconds))}")  # ms; 0 is without end


def _prepare_sqlite(reading: Engine, writing: Engine) -> None:
    """Readers beside one writer, commits that survive a power cut, and transactions that also cover reads.

    A writer that finds another one at it asks SQLite again and again, which one that writes all the time, as an import
    does, may win each time. So the writers of this process take turns, and ask against those of other processes alone.
    """
    turns = FairLock()

    @event.listens_for(reading, "connect")
    @event.listens_for(writing, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # else the driver begins transactions late, at the first write
        for pragma in ("journal_mode = WAL", "synchronous = FULL", f"busy_timeout = {round(1000 * WRITE_TIMEOUT)}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(reading, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    @event.listens_for(writing, "begin")
    def begin_writing(connection: Connection) -> None:
        with wait_budget(WRITE_TIMEOUT).waiting() as seconds:
            end = time.monotonic() + seconds
            if turns.acquire(seconds):
                connection.info[_TURN] = True
            left = max(0, round(1000 * (end - time.monotonic())))
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {left}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(writing, "checkin")
    def end(_connection: Any, record: ConnectionPoolEntry) -> None:
        if record.info.pop(_TURN, False):
            turns.release()


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
        elif found == 2:
            migrate_from_2(connection)
        elif found is None:
            metadata.create_all(connection)
            first = {"key": 1, "format": FORMAT, "identity": new_identity(), "revision": 0, "factory": "Flat"}
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

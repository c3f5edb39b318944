"""A PostgreSQL server for tests: a throw-away cluster that is reached through a socket in its own directory alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import URL, Engine, create_engine, text

_USER = "postgres"  # the server refuses to run as root
_QUICK = "-c listen_addresses='' -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=200"


class NoPostgres(Exception):
    """No server is installed here."""


class Postgres:
    """A running server. Every place() is a schema of its own, empty at first."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._numbers = count()
        self._engine: Engine = create_engine(self._url())

    def place(self) -> str:
        """The URL of a new, empty place for tables."""
        name = f"place_{next(self._numbers)}"
        with self._engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {name}"))
        return self._url(options=f"-csearch_path={name}").render_as_string(hide_password=False)

    def close(self) -> None:
        """Close its own connections."""
        self._engine.dispose()

    def _url(self, **query: str) -> URL:
        query |= {"host": str(self._socket)}
        return URL.create("postgresql+psycopg", _USER, "not-secret", database="postgres", query=query)


@contextmanager
def running() -> Iterator[Postgres]:
    """A server until the block ends. Raises NoPostgres."""
    initdb = _program("initdb")
    directory = Path(tempfile.mkdtemp(prefix="pg"))  # a socket's path has to be short
    try:
        if os.geteuid() == 0:
            shutil.chown(directory, _USER)
        data = directory / "data"
        _run([str(initdb), "-D", str(data), "-U", _USER, "--auth=trust", "--encoding=UTF8", "--no-sync"])
        control = [str(initdb.with_name("pg_ctl")), "-D", str(data), "-w", "-l", str(directory / "log")]
        _run([*control, "-o", f"{_QUICK} -k {directory}", "start"])
        server = Postgres(directory)
        try:
            yield server
        finally:
            server.close()
            _run([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _program(name: str) -> Path:
    """Debian keeps the server's programs off PATH."""
    found = shutil.which(name) or max(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default=None)
    if found is None:
        raise NoPostgres(f"no PostgreSQL: expected its {name} on PATH, or in /usr/lib/postgresql as Debian has it")
    return Path(found).resolve()


def _run(command: list[str]) -> None:
    user = _USER if os.geteuid() == 0 else None
    with tempfile.TemporaryFile("w+") as output:  # not a pipe, which the server would keep open
        done = subprocess.run(command, user=user, cwd="/", stdout=output, stderr=output)
        if done.returncode:
            output.seek(0)
            raise RuntimeError(f"{command[0]} failed: {output.read()}")

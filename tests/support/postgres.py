"""PostgreSQL server for tests: a temporary cluster, reachable only through a socket in its own directory."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psutil
from sqlalchemy import URL, Engine, create_engine, text

_USER = "postgres"  # the server refuses to run as root
_QUICK = "-c listen_addresses='' -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=200"


class PostgresMissingError(Exception):
    """Error for a missing installation of PostgreSQL."""


class Postgres:
    """Running server. Every place() is a new, empty schema."""

    def __init__(self, socket: Path, control: list[str]) -> None:
        self._socket, self._control = socket, control
        self._numbers = count()
        self._engine: Engine = create_engine(self._url())

    def place(self) -> str:
        """Create a new, empty schema and return its URL."""
        name = f"place_{next(self._numbers)}"
        with self._engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {name}"))
        return self._url(options=f"-csearch_path={name}").render_as_string(hide_password=False)

    def start(self) -> None:
        """Start the server again."""
        _run([*self._control, "-o", f"{_QUICK} -k {self._socket}", "start"])

    def stop(self) -> None:
        """Stop the server at once, as in a crash."""
        _run([*self._control, "-m", "immediate", "stop"])

    def pause(self) -> None:
        """Stop all processes of the server (SIGSTOP), so that it accepts connections and answers nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let the processes of the server go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        first = psutil.Process(int((self._socket / "data" / "postmaster.pid").read_text().split()[0]))
        for process in [first, *first.children()]:
            process.send_signal(number)

    def close(self) -> None:
        """Close the connections of this object."""
        self._engine.dispose()

    def _url(self, **query: str) -> URL:
        query |= {"host": str(self._socket)}
        return URL.create("postgresql+psycopg", _USER, "not-secret", database="postgres", query=query)


@contextmanager
def running() -> Iterator[Postgres]:
    """Run a server until the block ends. Raises PostgresMissingError."""
    initdb = _find_program("initdb")
    directory = Path(tempfile.mkdtemp(prefix="pg"))  # a socket's path has to be short
    try:
        if os.geteuid() == 0:
            shutil.chown(directory, _USER)
        data = directory / "data"
        _run([str(initdb), "-D", str(data), "-U", _USER, "--auth=trust", "--encoding=UTF8", "--no-sync"])
        control = [str(initdb.with_name("pg_ctl")), "-D", str(data), "-w", "-l", str(directory / "log")]
        server = Postgres(directory, control)
        server.start()
        try:
            yield server
        finally:
            server.close()
            server.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _find_program(name: str) -> Path:
    """Find a program of the server on PATH, or where Debian installs it."""
    path = shutil.which(name) or max(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default=None)
    if path is None:
        raise PostgresMissingError(
            f"no PostgreSQL: expected its {name} on PATH, or in /usr/lib/postgresql as Debian has it"
        )
    return Path(path).resolve()


def _run(command: list[str]) -> None:
    user = _USER if os.geteuid() == 0 else None
    with tempfile.TemporaryFile("w+") as output:  # a pipe would be kept open by the server
        process = subprocess.run(command, user=user, cwd="/", stdout=output, stderr=output)
        if process.returncode:
            output.seek(0)
            raise RuntimeError(f"{command[0]} failed: {output.read()}")

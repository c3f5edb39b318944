"""The server of a PostgreSQL database, which may accept connections and answer nothing.

A stopped process or a hanging disk holds up all that waits for an answer, for hours. When a check finds no answer, all
connections are therefore ended, and new ones are refused until a later check succeeds.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError


class DatabaseServer:
    """Server that two engines connect to by psycopg with `options`. Safe to use from many threads."""

    def __init__(self, reading: Engine, writing: Engine, options: Mapping[str, Any]) -> None:
        self._dialect = reading.dialect
        self._driver_error: type[Exception] = self._dialect.loaded_dbapi.Error
        self._arguments, parsed = self._dialect.create_connect_args(reading.url)
        self._options = {**parsed, **options}
        self._lock = threading.Lock()
        self._open = set[Any]()  # psycopg's connections; none is closed while the lock is held
        self._failure: BaseException | None = None  # of the last check
        for engine in (reading, writing):
            event.listen(engine, "do_connect", self._refuse)
            event.listen(engine, "connect", self._add)
            event.listen(engine, "close", self._remove)

    def check(self) -> None:
        """Open a further connection. Raises OperationalError, after ending all others, if that takes too long."""
        try:
            self._dialect.connect(*self._arguments, **self._options).close()
        except self._driver_error as error:
            self._failure = error
            self._end_connections()
            raise OperationalError(None, None, error) from None
        self._failure = None

    def _end_connections(self) -> None:
        """End all connections. Statements that wait for an answer raise OperationalError."""
        with self._lock:
            for connection in self._open:
                with suppress(self._driver_error):  # it is lost already
                    _shut_down(connection)

    def _refuse(self, *_: object) -> None:
        """Refuse a new connection if the last check has failed. Raises OperationalError."""
        if self._failure is not None:
            raise OperationalError(None, None, self._failure)

    def _add(self, connection: Any, _record: object) -> None:
        with self._lock:
            self._open.add(connection)

    def _remove(self, connection: Any, _record: object) -> None:
        with self._lock:
            self._open.discard(connection)


def _shut_down(connection: Any) -> None:
    """Shut down the socket of a connection that another thread may wait for or lose. Raises the driver's errors."""
    number = connection.fileno()
    with suppress(OSError), socket.socket(fileno=os.dup(number)) as duplicate:
        if connection.fileno() == number:  # otherwise the number may already be that of another socket
            duplicate.shutdown(socket.SHUT_RDWR)

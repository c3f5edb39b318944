"""What web servers told to recognise a photo by (ETag, Last-Modified), kept from one import to the next.

The photos themselves are not kept here: the photo store has them. Losing this file costs only downloads.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_log = logging.getLogger(__name__)


class Validators(NamedTuple):
    """Of one photo, as it was when it was fetched last."""

    source: str  # SHA-256 of its bytes
    etag: str
    modified: str

    def headers(self) -> dict[str, str]:
        """What asks for the photo only if it is another one by now. Only ASCII can be sent."""
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in asked.items() if value and value.isascii()}


class ValidatorCache:
    """Validators by URL, in one file. Safe to use from many threads and processes; one that is damaged is made anew.

    What cannot be read or written, as on a full disk, is not known: its photo is fetched again.
    """

    def __init__(self, path: Path) -> None:
        """Open the file. Raises OSError where none can be made."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        try:
            self._connection = _open(path)
        except sqlite3.DatabaseError as error:
            _log.warning("%s is made anew, so photos are fetched again: %s", path, error)
            path.unlink(missing_ok=True)
            try:
                self._connection = _open(path)
            except sqlite3.DatabaseError as again:
                raise OSError(f"{path} cannot be made: {again}") from None

    def get(self, url: str) -> Validators | None:
        """What is known of a photo."""
        query = "SELECT source, etag, modified FROM validators WHERE url = ?"
        row = None
        with self._lock, suppress(sqlite3.DatabaseError):
            row = self._connection.execute(query, (url,)).fetchone()
        return Validators(*row) if row else None

    def put(self, url: str, found: Validators) -> None:
        """Remember a photo, or forget it when there is nothing to recognise it by."""
        with self._lock, suppress(sqlite3.DatabaseError), self._connection:
            if found.headers():
                self._connection.execute("INSERT OR REPLACE INTO validators VALUES (?, ?, ?, ?)", (url, *found))
            else:
                self._connection.execute("DELETE FROM validators WHERE url = ?", (url,))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")  # what a power cut takes is only fetched again
        columns = "url TEXT PRIMARY KEY, source TEXT NOT NULL, etag TEXT NOT NULL, modified TEXT NOT NULL"
        connection.execute(f"CREATE TABLE IF NOT EXISTS validators ({columns})")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection

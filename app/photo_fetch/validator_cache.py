"""Cache of HTTP validators (ETag, Last-Modified) of photos, from one import to the next.

The photos themselves are in the photo store. Losing this file costs only downloads.
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
    """Validators of one photo as of its last download."""

    source: str  # SHA-256 of its bytes
    etag: str
    modified: str

    def headers(self) -> dict[str, str]:
        """Return the headers of a conditional request. Values that are not ASCII cannot be sent, and are left out."""
        conditions = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in conditions.items() if value and value.isascii()}


class ValidatorCache:
    """Validators by URL in one file. Safe to use from many threads and processes. A damaged file is replaced.

    If a read or write fails, as on a full disk, the photo is simply downloaded again.
    """

    def __init__(self, path: Path) -> None:
        """Open the file. Raises OSError if it cannot be created."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        try:
            self._connection = _open_database(path)
        except sqlite3.DatabaseError as error:
            _log.warning("%s is damaged and replaced, so photos are fetched again: %s", path, error)
            path.unlink(missing_ok=True)
            try:
                self._connection = _open_database(path)
            except sqlite3.DatabaseError as again:
                raise OSError(f"{path} cannot be created: {again}") from None

    def get(self, url: str) -> Validators | None:
        """Return the validators of a photo, or None."""
        query = "SELECT source, etag, modified FROM validators WHERE url = ?"
        row = None
        with self._lock, suppress(sqlite3.DatabaseError):
            row = self._connection.execute(query, (url,)).fetchone()
        return Validators(*row) if row else None

    def put(self, url: str, validators: Validators) -> None:
        """Store the validators of a photo, or remove them if none can be sent."""
        with self._lock, suppress(sqlite3.DatabaseError), self._connection:
            if validators.headers():
                self._connection.execute("INSERT OR REPLACE INTO validators VALUES (?, ?, ?, ?)", (url, *validators))
            else:
                self._connection.execute("DELETE FROM validators WHERE url = ?", (url,))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _open_database(path: Path) -> sqlite3.Connection:
    """Open or create the database. Raises sqlite3.DatabaseError."""
    connection = sqlite3.connect(path, timeout=30, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")  # losses at a power cut cost only downloads
        columns = "url TEXT PRIMARY KEY, source TEXT NOT NULL, etag TEXT NOT NULL, modified TEXT NOT NULL"
        connection.execute(f"CREATE TABLE IF NOT EXISTS validators ({columns})")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection

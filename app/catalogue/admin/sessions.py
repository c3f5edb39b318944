"""Sessions of the admin page, in the catalogue's database, so that all servers of a gallery know them.

Only hashes are stored, as of keys: who reads the database or a backup cannot take over a session.
"""

from __future__ import annotations

import hashlib
import secrets
import time

from sqlalchemy import delete, insert, select

from app.catalogue.api_keys import ApiKey
from app.catalogue.catalogue import Catalogue
from app.database.tables import admin_sessions as _table

SECONDS = 12 * 3600.0
"""Duration of a session, in seconds."""

_BYTES = 32  # random, so that a token cannot be guessed


class AdminSessions:
    """The sessions of one gallery. Safe to use from many threads and processes."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def open(self, key: ApiKey) -> str:
        """Open a session by a key, and return its token. Expired sessions are deleted."""
        token, now = secrets.token_urlsafe(_BYTES), time.time()
        row = {"token_sha256": _sha256(token), "key_sha256": key.sha256, "expires": now + SECONDS}
        with self._catalogue.transaction() as connection:
            connection.execute(delete(_table).where(_table.c.expires <= now))
            connection.execute(insert(_table), [row])
        return token

    def find(self, token: str) -> ApiKey | None:
        """Return the key of a session, None if the session is unknown or over, or its key can no longer write."""
        query = select(_table.c.key_sha256).where(
            _table.c.token_sha256 == _sha256(token), _table.c.expires > time.time()
        )
        with self._catalogue.moment() as connection:
            sha256 = connection.execute(query).scalar()
        known = {key.sha256: key for key in self._catalogue.keys.recent() if key.scope == "write"}
        return known.get(sha256) if sha256 else None

    def close(self, token: str) -> None:
        """Close a session on all servers. An unknown one is ignored."""
        with self._catalogue.transaction() as connection:
            connection.execute(delete(_table).where(_table.c.token_sha256 == _sha256(token)))


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

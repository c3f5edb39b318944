"""API keys: made and removed on the command line, kept as hashes, asked for by app/api/authentication.py."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.exc import IntegrityError

from app.core.error_text import expected_one_of, truncate
from app.database.tables import keys as _keys

Scope = Literal["read", "write"]
SCOPES: tuple[Scope, ...] = ("read", "write")

_PREFIX = "sk_"  # so that a key is known for one wherever it turns up
_BYTES = 32  # random: nobody guesses them, so one plain SHA-256 hides them as well as a slow hash would
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FRESH = 0.5  # s that the keys read last are taken for those there are


class InvalidKeyError(ValueError):
    """A key cannot be made or removed like this."""


@dataclass(frozen=True)
class ApiKey:
    """What is kept of a key; the key itself is not."""

    name: str
    scope: Scope  # "write" includes reading
    sha256: str
    created: str  # UTC, ISO 8601


class ApiKeys:
    """The keys in a catalogue's database. Safe to use from many threads and processes."""

    def __init__(self, reading: Engine, writing: Engine) -> None:
        self._reading, self._writing = reading, writing
        self._read: tuple[float, list[ApiKey]] = (-_FRESH, [])

    def add(self, name: str, scope: Scope) -> str:
        """Make a key and return it, which is the only time that it can be seen. Raises BadKey."""
        if not _NAME.fullmatch(name):
            expected = "up to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit"
            raise InvalidKeyError(f"key name is {truncate(name)}: expected {expected}")
        key = _PREFIX + secrets.token_urlsafe(_BYTES)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        row = {"name": name, "scope": scope, "sha256": _sha256(key), "created": created}
        try:
            with self._writing.begin() as connection:
                connection.execute(insert(_keys), [row])
        except IntegrityError:
            raise InvalidKeyError(
                f"there is a key {name!r} already: expected another name, or remove it first"
            ) from None
        return key

    def remove(self, name: str) -> None:
        """Remove a key; servers refuse it within a second. Raises BadKey when there is none of that name."""
        with self._writing.begin() as connection:
            if not connection.execute(delete(_keys).where(_keys.c.name == name)).rowcount:
                known = connection.execute(select(_keys.c.name).order_by(_keys.c.name)).scalars()
                raise InvalidKeyError(
                    f"there is no key {truncate(name)}: {expected_one_of(known, 'there are no keys')}"
                )

    def all(self) -> list[ApiKey]:
        """Every key, in the order of the names."""
        with self._reading.connect() as connection:
            return [ApiKey(**row._mapping) for row in connection.execute(select(_keys).order_by(_keys.c.name))]

    def recent(self) -> list[ApiKey]:
        """Every key as of at most half a second ago."""
        read, known = self._read
        if time.monotonic() - read >= _FRESH:
            now = time.monotonic()  # before reading, or what changes meanwhile would be seen late
            known = self.all()
            self._read = (now, known)
        return known

    def find(self, presented: str) -> ApiKey | None:
        """The key that somebody presents, if it is one. How long it takes tells nothing of how near it came."""
        digest = _sha256(presented)
        matching = [key for key in self.recent() if hmac.compare_digest(key.sha256, digest)]
        return matching[0] if matching else None


def _sha256(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()

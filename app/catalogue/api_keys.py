"""API keys: created and removed on the command line, stored as hashes, checked by app/api/authentication.py."""

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

_PREFIX = "sk_"  # makes a leaked key recognisable
_BYTES = 32  # random, so they cannot be guessed, and a plain SHA-256 is as safe as a slow hash
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FRESH = 0.5  # s that the keys are cached


class InvalidKeyError(ValueError):
    """A key that cannot be created or removed."""


@dataclass(frozen=True)
class ApiKey:
    """The record of a key, without the key itself."""

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
        """Create a key and return it; it cannot be read later. Raises InvalidKeyError."""
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
        """Remove a key; servers reject it within a second. Raises InvalidKeyError if there is no key of that name."""
        with self._writing.begin() as connection:
            if not connection.execute(delete(_keys).where(_keys.c.name == name)).rowcount:
                known = connection.execute(select(_keys.c.name).order_by(_keys.c.name)).scalars()
                raise InvalidKeyError(
                    f"there is no key {truncate(name)}: {expected_one_of(known, 'there are no keys')}"
                )

    def all(self) -> list[ApiKey]:
        """Return all keys, in the order of their names."""
        with self._reading.connect() as connection:
            return [ApiKey(**row._mapping) for row in connection.execute(select(_keys).order_by(_keys.c.name))]

    def recent(self) -> list[ApiKey]:
        """Return all keys, as of at most half a second ago."""
        read, known = self._read
        if time.monotonic() - read >= _FRESH:
            now = time.monotonic()  # before reading, or changes meanwhile would be seen late
            known = self.all()
            self._read = (now, known)
        return known

    def find(self, presented: str) -> ApiKey | None:
        """Find the key that a client presents, None if it is unknown. The time taken does not depend on the key."""
        digest = _sha256(presented)
        matching = [key for key in self.recent() if hmac.compare_digest(key.sha256, digest)]
        return matching[0] if matching else None


def _sha256(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()

"""Tickets: signed ids of searches, by which a page reports what became of the results.

A ticket says when a search was answered, by which checkpoint and with which outcome. So the server keeps no record of
searches, any server of the gallery can read the ticket, and only searches that were answered can be reported on.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from app.database.analytics.records import OUTCOMES, Outcome

_PARTS = struct.Struct(">HB6s8s")
_SIGNATURE = 8  # bytes
_EPOCH = date(1970, 1, 1)
_LATEST = timedelta(days=1)  # after the day of the search, so that a day is complete when the next one is over


def today() -> date:
    """Return the day by which searches and events are counted, in UTC."""
    return datetime.now(UTC).date()


@dataclass(frozen=True)
class SearchTicket:
    """Ticket of one search. `checkpoint` has the first 12 digits of the SHA-256 of its checkpoint."""

    day: date
    checkpoint: str
    outcome: Outcome
    search: str = field(default_factory=lambda: secrets.token_hex(8))  # random id

    @property
    def is_current(self) -> bool:
        """Whether events of the search still count."""
        return today() - self.day <= _LATEST

    def encode(self, secret: str) -> str:
        """Return the text of the ticket, signed with a secret of the gallery."""
        parts = bytes.fromhex(self.checkpoint), bytes.fromhex(self.search)
        data = _PARTS.pack((self.day - _EPOCH).days, OUTCOMES.index(self.outcome), *parts)
        return base64.urlsafe_b64encode(data + _sign(data, secret)).decode().rstrip("=")

    @staticmethod
    def decode(text: str, secret: str) -> SearchTicket | None:
        """Read the text of a ticket. Returns None for a text that encode() has not made."""
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            days, outcome, checkpoint, search = _PARTS.unpack(data[: _PARTS.size])
        except (ValueError, struct.error):  # the former also for characters that are not of base64
            return None
        if not hmac.compare_digest(data[_PARTS.size :], _sign(data[: _PARTS.size], secret)):
            return None
        return SearchTicket(_EPOCH + timedelta(days=days), checkpoint.hex(), OUTCOMES[outcome], search.hex())


def _sign(data: bytes, secret: str) -> bytes:
    key = secret.encode()[:64]
    return hashlib.blake2b(data, digest_size=_SIGNATURE, key=key, person=b"search ticket").digest()

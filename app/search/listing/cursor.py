"""Cursors: signed texts from which a list of results continues.

A cursor holds no results, so any server of the gallery can continue the list. The list is searched again, and the
fingerprint of the results before the cursor shows whether it still is the same.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from dataclasses import dataclass, replace

from app.core.error_text import truncate
from app.search.listing.pages import FINGERPRINT
from app.search.results import MOST_LISTED, Listing, SearchResult, Sort

_PARTS = struct.Struct(f">H{FINGERPRINT}s{FINGERPRINT}s{FINGERPRINT}s")
_SIGNATURE = 8  # bytes


class InvalidCursorError(ValueError):
    """Cursor that this gallery did not give, or gave for another search."""


class OutdatedCursorError(ValueError):
    """Cursor whose list has changed before it."""


@dataclass(frozen=True)
class ListRequest:
    """Requested order of results, and the cursor from which the list continues, None for its start."""

    sort: Sort = "likeness"
    cursor: str | None = None
    out_of_stock_last: bool = False

    def begin_at(self, cursor: Cursor | None) -> Listing:
        """Return the listing that begins at a cursor, or with the first result."""
        return Listing(self.sort, cursor.start if cursor else 0, self.out_of_stock_last)


FROM_START = ListRequest()


@dataclass(frozen=True)
class Cursor:
    """Place in a list, with fingerprints of the results before it, of the search, and of the checkpoint."""

    start: int
    before: bytes
    search: bytes
    checkpoint: bytes

    def encode(self, secret: str) -> str:
        """Return the text of the cursor, signed with a secret of the gallery."""
        data = _PARTS.pack(self.start, self.before, self.search, self.checkpoint)
        return base64.urlsafe_b64encode(data + _sign(data, secret)).decode().rstrip("=")

    @staticmethod
    def decode(text: str, secret: str) -> Cursor:
        """Read the text of a cursor. Raises InvalidCursorError for a text that encode() has not made."""
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            cursor = Cursor(*_PARTS.unpack(data[: _PARTS.size]))
        except (ValueError, struct.error):  # the former also for characters that are not of base64
            cursor = None
        if cursor is None or not hmac.compare_digest(cursor.encode(secret), text):
            raise InvalidCursorError(
                f"cursor {truncate(text)} was not made by this gallery: expected the `next` of an answer"
            )
        return cursor


@dataclass(frozen=True)
class Pager:
    """Cursors of one search, told from others by its fingerprint, in a gallery with a secret and a checkpoint."""

    search: bytes
    secret: str
    checkpoint: str  # SHA-256

    def open(self, text: str | None) -> Cursor | None:
        """Read the cursor of a request. Raises InvalidCursorError and OutdatedCursorError."""
        if text is None:
            return None
        cursor = Cursor.decode(text, self.secret)
        if cursor.search != self.search:
            raise InvalidCursorError(
                "cursor belongs to another search: expected the sketch or product, the parameters except k, and the "
                "settings of the answer that it came with"
            )
        if cursor.checkpoint != fingerprint(self.checkpoint):
            raise OutdatedCursorError("the gallery has another checkpoint since this cursor was made: search again")
        return cursor

    def close(self, cursor: Cursor | None, result: SearchResult) -> SearchResult:
        """Return a result with the cursor of the next page. Raises OutdatedCursorError if the list has changed."""
        page = result.page
        if cursor is not None and cursor.before != page.before:
            raise OutdatedCursorError(
                f"the gallery has changed since this cursor was made, and with it the first {page.start} results: "
                "search again"
            )
        end = page.start + len(result.results)
        if page.is_last or end >= MOST_LISTED:
            return result
        following = Cursor(end, page.through, self.search, fingerprint(self.checkpoint))
        return replace(result, next=following.encode(self.secret))


def fingerprint(*parts: object) -> bytes:
    """Hash what a search, or a checkpoint, is told from others by."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=FINGERPRINT).digest()


def _sign(data: bytes, secret: str) -> bytes:
    return hashlib.blake2b(data, digest_size=_SIGNATURE, key=secret.encode()[:64]).digest()

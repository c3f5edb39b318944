"""A catalogue's identity: where it comes from, and since which break in its history. Indexes name it."""

from __future__ import annotations

import uuid


def new_identity() -> str:
    """The identity of a catalogue that is made now."""
    return uuid.uuid4().hex


def renewed(identity: str) -> str:
    """The identity of the same catalogue from a break on: after this, it is not what it would have become."""
    return f"{origin(identity)}-{uuid.uuid4().hex[:12]}"


def origin(identity: str) -> str:
    """What stays the same of an identity: equal for a catalogue and all that was restored from its backups."""
    return identity.partition("-")[0]

"""Events of pages, for tests of analytics."""

from __future__ import annotations

from typing import Any

from app.database.analytics.records import Event

DAY = "2026-11-02"
CHECKPOINT = "a" * 12


def event(search: str, kind: Any = "shown", product_id: str = "", **changes: Any) -> Event:
    """Make an event of a session whose id is that of the search unless it is given."""
    fields = {"day": DAY, "session": search, "rank": None, "checkpoint": CHECKPOINT, "outcome": "found"}
    return Event(search, kind, product_id, **fields | changes)

"""Reading of events and daily counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from sqlalchemy import Connection, select

from app.database.analytics.records import CountKey, Event
from app.database.analytics.tables import daily_counts, events

_ROWS = 1000  # in memory at a time
_COLUMNS = [events.c[field.name] for field in fields(Event)]


def iterate_events(connection: Connection, first: str, last: str) -> Iterator[Event]:
    """Yield the events of the days from `first` to `last`, by day, session and search."""
    query = select(*_COLUMNS).where(events.c.day >= first, events.c.day <= last)
    query = query.order_by(events.c.day, events.c.session, events.c.search, events.c.kind, events.c.product_id)
    for row in connection.execute(query, execution_options={"yield_per": _ROWS}):
        yield Event(*row)


def read_counts(connection: Connection, first: str, last: str) -> dict[CountKey, int]:
    """Read the daily counts of the days from `first` to `last`."""
    query = select(daily_counts).where(daily_counts.c.day >= first, daily_counts.c.day <= last)
    return {CountKey(row.day, row.checkpoint, row.name): row.total for row in connection.execute(query)}

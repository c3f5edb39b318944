"""Writing of events and daily counts, in a transaction that other writers wait for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields

from sqlalchemy import Connection, delete, insert, select, update

from app.database.analytics.records import CountKey, Event
from app.database.analytics.tables import daily_counts, events
from app.database.filter_conditions import LIVE_BY_KEY
from app.database.rows import chunks
from app.database.sql_lists import is_any_of
from app.database.tables import products

_COLUMNS = [field.name for field in fields(Event)]


def insert_events(connection: Connection, reported: Sequence[Event]) -> int:
    """Insert events, and count them by day. Returns how many.

    Events that are there already are left out, so that one which is sent twice counts once. So are events of products
    that the catalogue does not have, whose ids could be any text.
    """
    known = _known_products(connection, reported) | {""}
    new: dict[tuple[str, str, str], Event] = {
        (event.search, event.kind, event.product_id): event for event in reported if event.product_id in known
    }
    for key in _stored_keys(connection, reported):
        new.pop(key, None)
    if new:
        connection.execute(insert(events), [dict(zip(_COLUMNS, astuple(event), strict=True)) for event in new.values()])
    add_counts(connection, Counter(CountKey(event.day, event.checkpoint, event.kind) for event in new.values()))
    return len(new)


def add_counts(connection: Connection, counts: Mapping[CountKey, int]) -> None:
    """Add to the daily counts."""
    for key, count in counts.items():
        place = [daily_counts.c[name] == value for name, value in key._asdict().items()]
        raised = update(daily_counts).where(*place).values(total=daily_counts.c.total + count)
        if not connection.execute(raised).rowcount:
            connection.execute(insert(daily_counts).values(**key._asdict(), total=count))


def delete_events(connection: Connection, before: str) -> int:
    """Delete the events of days before a day. Returns how many. The daily counts stay."""
    return connection.execute(delete(events).where(events.c.day < before)).rowcount


def _known_products(connection: Connection, reported: Sequence[Event]) -> set[str]:
    """Return the ids of those products of events that the catalogue has."""
    known: set[str] = set()
    for chunk in chunks({event.product_id for event in reported}):
        query = select(products.c.product_id).where(LIVE_BY_KEY, is_any_of(products.c.product_id, chunk))
        known.update(connection.execute(query).scalars())
    return known


def _stored_keys(connection: Connection, reported: Sequence[Event]) -> list[tuple[str, str, str]]:
    """Return the keys of all stored events of the same searches."""
    keys: list[tuple[str, str, str]] = []
    for chunk in chunks({event.search for event in reported}):
        query = select(events.c.search, events.c.kind, events.c.product_id)
        keys += [tuple(row) for row in connection.execute(query.where(is_any_of(events.c.search, chunk)))]
    return keys

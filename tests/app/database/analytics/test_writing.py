"""Events and daily counts in both databases."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from app.database.analytics.reading import iterate_events, read_counts
from app.database.analytics.records import CountKey
from app.database.analytics.writing import add_counts, delete_events, insert_events
from tests.support.recorded_events import CHECKPOINT, DAY, event
from tests.support.small_galleries import open_catalogue, products, vectors

LATER = "2026-11-04"


def test_events_are_stored_once_and_counted_by_day(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put(products(["boot", "shoe"]), vectors(2))
    first = [event("s1"), event("s1", "opened", "boot", rank=3), event("s1", "opened", "boot", rank=4)]
    second = [event("s1"), event("s1", "shop", "boot", rank=3), event("s2", day=LATER), event("s2", "opened", "John")]
    with catalogue.transaction() as connection:
        assert insert_events(connection, first) == 2
    with catalogue.transaction() as connection:
        assert insert_events(connection, second) == 2  # without a repeat, and a product that there is not
        add_counts(connection, {CountKey(DAY, CHECKPOINT, "doubtful"): 3})
        assert insert_events(connection, []) == 0
    with catalogue.moment() as connection:
        stored = list(iterate_events(connection, DAY, LATER))
        assert [each.kind for each in iterate_events(connection, LATER, LATER)] == ["shown"]
        counts = read_counts(connection, DAY, LATER)
    assert {(each.search, each.kind, each.rank) for each in stored} == {
        ("s1", "shown", None),
        ("s1", "opened", 4),
        ("s1", "shop", 3),
        ("s2", "shown", None),
    }
    by_name = {(key.day, key.name): total for key, total in counts.items()}
    assert by_name == {
        (DAY, "shown"): 1,
        (DAY, "opened"): 1,
        (DAY, "shop"): 1,
        (DAY, "doubtful"): 3,
        (LATER, "shown"): 1,
    }


def test_events_are_deleted_by_day_and_their_counts_stay(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    with catalogue.transaction() as connection:
        insert_events(connection, [event("s1"), event("s2"), event("s3", day=LATER)])
        assert delete_events(connection, LATER) == 2
        assert [each.search for each in iterate_events(connection, DAY, LATER)] == ["s3"]
        assert sum(read_counts(connection, DAY, DAY).values()) == 2


def test_a_catalogue_of_format_7_gets_the_tables(directory: Path) -> None:
    with open_catalogue(directory).transaction() as connection:
        for name in ("events", "daily_counts"):
            connection.execute(text(f"DROP TABLE {name}"))
        connection.execute(text("UPDATE catalogue SET format = 7"))
    with open_catalogue(directory).transaction() as connection:
        assert insert_events(connection, [event("s1")]) == 1

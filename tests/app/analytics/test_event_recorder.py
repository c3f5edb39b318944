"""The background writer of events."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from app.analytics import event_recorder
from app.analytics.event_recorder import EventRecorder
from app.analytics.search_ticket import today
from app.catalogue.catalogue import Catalogue
from app.core.retry_errors import BusyError
from app.database.analytics.reading import iterate_events, read_counts
from app.observability.metrics import Metrics
from tests.support.recorded_events import CHECKPOINT, DAY, event
from tests.support.small_galleries import close_catalogues, open_catalogue

TODAY = today().isoformat()


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalogue]:
    monkeypatch.setattr(event_recorder, "_GATHER", 0.01)
    yield open_catalogue(tmp_path)
    close_catalogues()


def searches_of(catalogue: Catalogue) -> list[str]:
    with catalogue.moment() as connection:
        return [each.search for each in iterate_events(connection, "0", "9")]


def counts_of(catalogue: Catalogue) -> dict[str, int]:
    with catalogue.moment() as connection:
        return {key.name: total for key, total in read_counts(connection, TODAY, TODAY).items()}


def test_events_are_stored_when_they_are_acknowledged(catalogue: Catalogue) -> None:
    metrics = Metrics()
    recorder = EventRecorder(lambda: catalogue, metrics, days=90)
    recorder.start()

    async def record_some() -> None:
        batches = [[event(f"s{number}", day=TODAY)] for number in range(20)]
        await asyncio.gather(*map(recorder.record, [*batches, batches[0]]))
        assert len(searches_of(catalogue)) == 20

    asyncio.run(record_some())
    recorder.close()
    text = metrics.text().decode()
    assert 'sketchfind_events_total{outcome="stored"} 20.0' in text
    assert 'sketchfind_events_total{outcome="ignored"} 1.0' in text


def test_searches_are_counted_without_waiting_and_written_at_the_end(catalogue: Catalogue) -> None:
    recorder = EventRecorder(lambda: catalogue, Metrics(), days=90)
    recorder.start()
    tickets = [recorder.count_search(CHECKPOINT, outcome) for outcome in ("found", "none", "found")]
    assert len({ticket.search for ticket in tickets}) == 3 and {ticket.day for ticket in tickets} == {today()}
    recorder.close()
    assert counts_of(catalogue) == {"found": 2, "none": 1}


def test_old_events_are_deleted(catalogue: Catalogue) -> None:
    recorder = EventRecorder(lambda: catalogue, Metrics(), days=2)
    recorder.start()
    asyncio.run(recorder.record([event("old", day=DAY), event("new", day=TODAY)]))
    recorder.close()
    assert searches_of(catalogue) == ["new"]


def test_when_too_many_wait_further_ones_are_refused_and_counted(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_recorder, "_MOST_WAITING", 1)
    metrics = Metrics()
    recorder = EventRecorder(lambda: catalogue, metrics, days=90)
    with pytest.raises(BusyError, match="too many events wait"):
        asyncio.run(recorder.record([event("a"), event("b")]))
    assert 'sketchfind_events_total{outcome="dropped"} 2.0' in metrics.text().decode()


def test_what_cannot_be_stored_is_not_acknowledged_and_counts_wait_for_the_database(catalogue: Catalogue) -> None:
    away = OperationalError("", {}, OSError("away"))
    failures = iter([away])

    def open_next() -> Catalogue:
        for failure in failures:
            raise failure
        return catalogue

    recorder = EventRecorder(open_next, Metrics(), days=90)
    recorder.count_search(CHECKPOINT, "found")
    recorder.start()
    with pytest.raises(OperationalError):
        asyncio.run(recorder.record([event("s1")]))
    recorder.close()
    assert searches_of(catalogue) == [] and counts_of(catalogue) == {"found": 1}

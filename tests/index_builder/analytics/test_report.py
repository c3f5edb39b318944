"""Report and export of what became of searches."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from pyarrow.parquet import read_table
from typer.testing import CliRunner

from app.analytics.search_ticket import today
from app.catalogue.catalogue import Catalogue
from app.database.analytics.records import CountKey
from app.database.analytics.writing import add_counts, insert_events
from index_builder.analytics.export import ExportError, export_events
from index_builder.analytics.page import format_report
from index_builder.analytics.report import WeekError, make_report, parse_week
from index_builder.cli.main import app
from tests.support.recorded_events import DAY, event
from tests.support.small_galleries import close_catalogues, open_catalogue, products, vectors

OTHER = "b" * 12
MONDAY = date.fromisoformat(DAY)
NEXT_DAY = (MONDAY + timedelta(days=1)).isoformat()


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    """Yield a catalogue with twenty sessions by each of two checkpoints, and two by one of them on the next day."""
    catalogue = open_catalogue(tmp_path)
    catalogue.put(products(["boot", "shoe"]), vectors(2))
    events = []
    for number in range(20):
        for name, checkpoint, clicks in (("a", "a" * 12, 5), ("b", OTHER, 15)):
            search = f"{name}{number}"
            outcome = "doubtful" if number < 2 else "found"
            events.append(event(search, checkpoint=checkpoint, outcome=outcome))
            if number < clicks:
                ranked = {"checkpoint": checkpoint, "outcome": outcome}
                events.append(event(search, "opened", "boot", rank=9 if number == 0 else 2, **ranked))
                events.append(event(search, "opened", "shoe", rank=12, **ranked))
    events += [
        event("a0", "shop", "boot", outcome="doubtful"),
        event("late", day=NEXT_DAY),
        event("later", day=NEXT_DAY),
    ]
    with catalogue.transaction() as connection:
        insert_events(connection, events)
        add_counts(connection, {CountKey(DAY, OTHER, "found"): 100, CountKey(DAY, OTHER, "none"): 7})
    yield catalogue
    close_catalogues()


def test_the_report_counts_searches_and_compares_checkpoints(catalogue: Catalogue) -> None:
    report = make_report(catalogue, MONDAY)
    assert report.answered[DAY] == {"found": 100, "doubtful": 0, "none": 7} and len(report.answered) == 7
    assert (len(report.all.searches), report.all.sessions, report.all.median_rank) == (42, 42, 2)
    assert report.products == [("boot", "boot", 20, 1), ("shoe", "shoe", 20, 0)]
    assert {checkpoint: figures.sessions for checkpoint, figures in report.by_checkpoint.items()} == {
        "a" * 12: 20,  # without the day on which it was alone
        OTHER: 20,
    }
    text = format_report(report)
    assert "42 searches of 42 sessions were looked at:" in text
    assert "with a product opened             47.6 % (" in text
    assert "opened among the first 8          90.0 % (" in text
    assert "doubtful or without results       9.5 % (" in text
    (line,) = [line for line in text.splitlines() if "+50.0 (+" in line]
    assert line.lstrip().startswith("with a product opened") and "25.0 % (" in line and "75.0 % (" in line


def test_a_week_without_events_says_what_would_bring_them(catalogue: Catalogue) -> None:
    text = format_report(make_report(catalogue, parse_week("2020-W01")))
    assert "2019-12-30 to 2020-01-05" in text and "SKETCHFIND_EVENTS=true" in text and "Checkpoints" not in text


def test_weeks_are_those_of_the_calendar_by_default_the_last_seven_days() -> None:
    assert parse_week("2026-W45") == MONDAY
    assert parse_week(None) == today() - timedelta(days=6)
    with pytest.raises(WeekError, match=r"--week is '2026-45': expected a week such as 2026-W45"):
        parse_week("2026-45")


def test_a_day_is_exported_as_csv(catalogue: Catalogue, tmp_path: Path) -> None:
    out = tmp_path / "day.csv"
    run = CliRunner().invoke(app, ["events", "export", DAY, "--gallery", str(tmp_path), "--out", str(out), "--json"])
    assert run.exit_code == 0, run.output
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert json.loads(run.stdout) == {"events": len(rows)} and len(rows) == 40 + 40 + 1
    assert rows[0] == {
        "day": DAY,
        "search": "a0",
        "kind": "opened",
        "product_id": "boot",
        "session": "a0",
        "rank": "9",
        "checkpoint": "a" * 12,
        "outcome": "doubtful",
    }


def test_a_day_is_exported_as_parquet_with_the_same_rows(catalogue: Catalogue, tmp_path: Path) -> None:
    parquet, table = tmp_path / "day.parquet", tmp_path / "day.csv"
    for out in (parquet, table):
        run = CliRunner().invoke(app, ["events", "export", DAY, "--gallery", str(tmp_path), "--out", str(out)])
        assert run.exit_code == 0, run.output
    exported = read_table(parquet)
    assert {field.name for field in exported.schema if field.type != "string"} == {"rank"}
    texts = [{name: "" if value is None else str(value) for name, value in row.items()} for row in exported.to_pylist()]
    assert texts == list(csv.DictReader(table.read_text().splitlines())) and len(texts) == 81


def test_parquet_needs_a_package_and_other_endings_are_refused(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ExportError, match=r"expected a name that ends in \.csv or \.parquet"):
        export_events(catalogue, MONDAY, tmp_path / "day.xls")
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # as if it were not installed
    with pytest.raises(ExportError, match=r"pip install 'sketchfind\[parquet\]'"):
        export_events(catalogue, MONDAY, tmp_path / "day.parquet")


def test_the_report_is_printed_by_a_command(catalogue: Catalogue, tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["report", "--gallery", str(tmp_path), "--week", "2026-W45"])
    assert run.exit_code == 0 and run.stdout.startswith("Searches from 2026-11-02 to 2026-11-08 (UTC)")

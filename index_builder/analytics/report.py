"""Report of seven days: searches, what became of them, and a comparison of checkpoints."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from app.analytics.search_ticket import today
from app.catalogue.catalogue import Catalogue
from app.database.analytics.reading import iterate_events, read_counts
from app.database.analytics.records import OUTCOMES
from index_builder.analytics.figures import Figures

DAYS = 7
_MOST_PRODUCTS = 10


class WeekError(ValueError):
    """A week that cannot be read."""


@dataclass(frozen=True)
class Report:
    """Figures of the days from `first` to `last`, in UTC."""

    first: date
    last: date
    answered: dict[str, dict[str, int]]  # searches that servers answered, by day and outcome
    all: Figures
    by_checkpoint: dict[str, Figures]  # of the days on which several checkpoints searched; empty without any
    products: list[tuple[str, str | None, int, int]]  # most opened: id, title if it is known, opened, visited


def parse_week(text: str | None) -> date:
    """Return the first day of a week such as "2026-W45", by default of the seven days up to today. Raises WeekError."""
    if text is None:
        return today() - timedelta(days=DAYS - 1)
    try:
        return date.fromisoformat(f"{text}-1")
    except ValueError:
        raise WeekError(f"--week is {text!r}: expected a week such as 2026-W45") from None


def make_report(catalogue: Catalogue, first: date) -> Report:
    """Make the report of the seven days from `first` on."""
    last = first + timedelta(days=DAYS - 1)
    total = Figures()
    by_day: defaultdict[str, defaultdict[str, Figures]] = defaultdict(lambda: defaultdict(Figures))
    with catalogue.moment() as connection:
        counts = read_counts(connection, first.isoformat(), last.isoformat())
        for event in iterate_events(connection, first.isoformat(), last.isoformat()):
            total.add(event)
            by_day[event.day][event.checkpoint].add(event)
    days = [(first + timedelta(days=n)).isoformat() for n in range(DAYS)]
    answered: dict[str, dict[str, int]] = {day: {str(outcome): 0 for outcome in OUTCOMES} for day in days}
    for key, count in counts.items():
        if key.name in answered[key.day]:
            answered[key.day][key.name] += count
    products = [
        (product_id, _title_of(catalogue, product_id), count, total.visited[product_id])
        for product_id, count in total.opened.most_common(_MOST_PRODUCTS)
    ]
    return Report(first, last, answered, total, _compare(by_day), products)


def _compare(by_day: defaultdict[str, defaultdict[str, Figures]]) -> dict[str, Figures]:
    """Join the figures of each checkpoint over the days on which several searched.

    On other days, what differs between checkpoints may be what differs between days.
    """
    joined: defaultdict[str, Figures] = defaultdict(Figures)
    for of_checkpoints in by_day.values():
        if len(of_checkpoints) > 1:
            for checkpoint, figures in of_checkpoints.items():
                joined[checkpoint].searches |= figures.searches
    most = Counter({checkpoint: len(figures.searches) for checkpoint, figures in joined.items()})
    return {checkpoint: joined[checkpoint] for checkpoint, _ in most.most_common()}


def _title_of(catalogue: Catalogue, product_id: str) -> str | None:
    product = catalogue.get(product_id)
    return product.title if product else None

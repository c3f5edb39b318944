"""Tests of the summary of an import's problems."""

from __future__ import annotations

from app.catalogue.import_jobs import FeedProblem
from app.core.error_text import truncate
from app.ingest.reason_counts import ReasonCounts


def test_reasons_that_differ_in_values_alone_are_counted_together() -> None:
    prices = [f"price {truncate(value)} cannot be read: expected '59.90 EUR'" for value in ("cheap", "it's", "x" * 99)]
    photos = [f"photo https://a.example/{n}.jpg cannot be fetched: the server answers {500 + n % 2}" for n in range(9)]
    problems = [FeedProblem(f"line {n}", reason) for n, reason in enumerate((*prices, *photos, "odd", "even"))]
    assert str(ReasonCounts(problems)) == (
        "5 x line 3: photo https://a.example/0.jpg cannot be fetched: the server answers 500; "
        "4 x line 4: photo https://a.example/1.jpg cannot be fetched: the server answers 501; "
        "3 x line 0: price 'cheap' cannot be read: expected '59.90 EUR'"
    )
    assert str(ReasonCounts()) == ""


def test_what_is_kept_of_reasons_is_little() -> None:
    reasons = ReasonCounts(FeedProblem("", f"reason {number} {'x' * 500}") for number in range(1000))
    reasons.add(FeedProblem("", f"reason 7 {'x' * 500}"))
    assert str(reasons).startswith("2 x : reason 7 xxx") and len(str(reasons)) < 700
    assert len(reasons._counts) == 100

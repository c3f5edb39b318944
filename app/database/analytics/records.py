"""Rows of the tables of analytics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

EventKind = Literal["shown", "opened", "shop"]
"""Kind of an event: the results of a search were looked at, a product was opened, its page in the shop was."""
Outcome = Literal["found", "doubtful", "none"]
"""Outcome of a search: results, results that are hardly nearer than any product, or no results."""

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


@dataclass(frozen=True)
class Event:
    """What happened to the results of a search."""

    search: str  # random id
    kind: EventKind
    product_id: str  # empty for a search that was shown
    day: str  # of the search: UTC, ISO 8601
    session: str  # random id
    rank: int | None  # of the product in the results; None if it was reached otherwise, as by its likeness to another
    checkpoint: str  # the first digits of its SHA-256
    outcome: Outcome  # of the search


class CountKey(NamedTuple):
    """Key of a daily count: a day (UTC, ISO 8601), a checkpoint, and an outcome of searches or a kind of events."""

    day: str
    checkpoint: str
    name: str

"""Figures of a period: what became of the searches that somebody looked at."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from app.database.analytics.records import Event
from index_builder.analytics.session_bootstrap import SessionCounts

FIRST_VIEW = 8  # results that most screens show at once


@dataclass
class LookedAt:
    """One search that somebody looked at."""

    session: str
    outcome: str
    is_opened: bool = False
    is_visited: bool = False
    best_rank: int | None = None  # of the products opened


@dataclass
class Figures:
    """Figures of some searches, such as those of one checkpoint."""

    searches: dict[str, LookedAt] = field(default_factory=dict)
    opened: Counter[str] = field(default_factory=Counter)  # searches by the product that was opened
    visited: Counter[str] = field(default_factory=Counter)  # likewise, in the shop

    def add(self, event: Event) -> None:
        """Add an event."""
        search = self.searches.setdefault(event.search, LookedAt(event.session, event.outcome))
        if event.kind == "opened":
            search.is_opened = True
            self.opened[event.product_id] += 1
            ranks = [rank for rank in (search.best_rank, event.rank) if rank is not None]
            search.best_rank = min(ranks, default=None)
        elif event.kind == "shop":
            search.is_visited = True
            self.visited[event.product_id] += 1

    @property
    def sessions(self) -> int:
        """Number of sessions."""
        return len({search.session for search in self.searches.values()})

    def opening(self) -> list[SessionCounts]:
        """Count by session the searches, and those of which a product was opened."""
        return self._count("is_opened")

    def visiting(self) -> list[SessionCounts]:
        """Count by session the searches, and those of which a product was visited in the shop."""
        return self._count("is_visited")

    def opening_first(self) -> list[SessionCounts]:
        """Count by session the searches with an opened result, and those with one among the first eight."""
        ranked = [search for search in self.searches.values() if search.best_rank is not None]
        return _by_session((search.session, (search.best_rank or 0) <= FIRST_VIEW) for search in ranked)

    def doubting(self) -> list[SessionCounts]:
        """Count by session the searches, and those with doubtful results or none."""
        return _by_session((search.session, search.outcome != "found") for search in self.searches.values())

    @property
    def median_rank(self) -> float | None:
        """Median of the best rank opened in a search, None without any."""
        ranks = [search.best_rank for search in self.searches.values() if search.best_rank is not None]
        return statistics.median(ranks) if ranks else None

    def _count(self, name: str) -> list[SessionCounts]:
        return _by_session((search.session, bool(getattr(search, name))) for search in self.searches.values())


def _by_session(searches: Iterable[tuple[str, bool]]) -> list[SessionCounts]:
    """Count searches and hits by session."""
    totals: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for session, is_hit in searches:
        totals[session] += 1
        hits[session] += is_hit
    return [SessionCounts(totals[session], hits[session]) for session in totals]

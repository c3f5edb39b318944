"""Words and filters that shoppers searched for lately, in the memory of one server: no sketches, clients or files."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from app.products.filters import Filters
from app.search.results import QueryKind, SearchResult


@dataclass(frozen=True)
class SearchSummary:
    """What the admin page shows of searches that are alike: the words, the filters as texts, the kind of picture."""

    words: str
    filters: tuple[str, ...]
    kind: QueryKind


@dataclass(frozen=True)
class RecentSearch:
    """Searches that were alike: how many there were, when the last one was, and the number of its results."""

    summary: SearchSummary
    count: int
    last: float  # s since 1970
    results: int
    has_more: bool  # results on further pages


class RecentSearches:
    """The last `most` searches that differ in words, filters or kind. Safe to use from many threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._searches: OrderedDict[SearchSummary, RecentSearch] = OrderedDict()

    def note(self, filters: Filters, result: SearchResult) -> None:
        """Note a search and the first page of its results. The oldest searches beyond the limit are forgotten."""
        words = filters.words.text.strip() if filters.words else ""
        summary = SearchSummary(words, tuple(describe_filters(filters)), result.kind)
        with self._lock:
            earlier = self._searches.pop(summary, None)
            count = earlier.count + 1 if earlier else 1
            search = RecentSearch(summary, count, time.time(), len(result.results), result.next is not None)
            self._searches[summary] = search
            while len(self._searches) > self._most:
                self._searches.popitem(last=False)

    def list_latest(self) -> list[RecentSearch]:
        """Return the searches, the latest first."""
        with self._lock:
            return list(reversed(self._searches.values()))


def describe_filters(filters: Filters) -> Iterator[str]:
    """Yield a text for each filter but the words, such as "colour red" or "price from 20"."""
    if filters.category is not None:
        yield f"category {filters.category}"
    for name, values in (
        ("colour", filters.colors),
        ("brand", filters.brands),
        ("gender", filters.genders),
        ("size", filters.sizes),
        *((name, (value,)) for name, value in filters.attributes),
    ):
        yield from (f"{name} {value}" for value in values)
    for word, price in (("from", filters.min_price), ("up to", filters.max_price)):
        if price is not None:
            yield f"price {word} {price}" + (f" {filters.currency}" if filters.currency else "")
    if filters.in_stock:
        yield "in stock"

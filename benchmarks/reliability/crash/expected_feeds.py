"""Products of feeds that a gallery may hold, by the answers to their importer, and the outcomes that imports report."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import combinations
from typing import Any, NamedTuple

from benchmarks.reliability.crash.product_state import ProductState

Shelf = dict[str, ProductState]
"""The products of feeds at one moment, by id."""


class SubmittedFeed(NamedTuple):
    """Feed whose import was requested."""

    products: Shelf
    unusable: int  # further entries, which cannot be imported
    is_complete: bool
    is_refused: bool  # since it lacks products, and none may be removed
    removed: int | None  # products that it removes; None if that is unknown


class ExpectedFeeds:
    """Possible states of all feeds' products together. There are several after a request without an answer."""

    def __init__(self) -> None:
        self._possible: list[Shelf] = [{}]
        self._is_settled = True  # whether all imports are over, as far as they were requested
        self._accepted: dict[str, SubmittedFeed] = {}  # by the address of the import job

    def submit(self, products: Shelf, unusable: int, *, is_complete: bool, may_remove: bool) -> SubmittedFeed:
        """Record that a feed is about to be sent. If it may remove no products, all imports must be over."""
        lacking = [len(shelf.keys() - products.keys()) for shelf in self._possible]
        is_sure = self._is_settled and len(lacking) == 1
        is_refused = is_complete and not may_remove and lacking[0] > 0
        assert may_remove or is_sure
        removed = 0 if is_refused or not is_complete else lacking[0] if is_sure else None
        if not is_refused:
            changed = [
                shelf
                for before in self._possible
                for shelf in _apply(products, before, is_complete=is_complete, is_sure=is_sure)
            ]
            self._possible = [*self._possible, *(shelf for shelf in changed if shelf not in self._possible)]
        self._is_settled = False
        return SubmittedFeed(products, unusable, is_complete, is_refused, removed)

    @property
    def is_settled(self) -> bool:
        """Whether no import is unfinished, and only one state is possible."""
        return self._is_settled and len(self._possible) == 1

    def accept(self, feed: SubmittedFeed, job: str) -> None:
        """Record that a feed was accepted, so that its state replaces all earlier ones."""
        self._accepted[job] = feed
        if not feed.is_refused:
            self._possible = [shelf for shelf in self._possible if feed.products.items() <= shelf.items()]

    def end(self) -> None:
        """Record that the last accepted import is over, and so are all before it."""
        self._is_settled = True

    def settle(self, observed: Shelf) -> None:
        """Take the observed products as the only possible state. Raises AssertionError if that is impossible."""
        assert observed in self._possible, f"feeds made {observed}: expected one of {self._possible}"
        self._possible, self._is_settled = [observed], True

    def check_jobs(self, jobs: Mapping[str, Mapping[str, Any]]) -> None:
        """Check what all accepted imports report, by address, after they are over. Raises AssertionError."""
        for address, feed in self._accepted.items():
            _check_job(feed, jobs[address])
        self._accepted = {}

    @property
    def accepted(self) -> Collection[str]:
        """Addresses of the accepted imports that were not checked yet."""
        return self._accepted.keys()


def _apply(products: Shelf, before: Shelf, *, is_complete: bool, is_sure: bool) -> Iterator[Shelf]:
    """Yield the possible states after an import.

    A complete feed leaves products that an earlier import writes after its submission: all of one title, or none.
    """
    lacking = {name: state for name, state in before.items() if name not in products}
    if not is_complete:
        yield lacking | products
        return
    titles = sorted({state.title for state in lacking.values()}) if not is_sure else []
    for count in range(len(titles) + 1):
        for kept in combinations(titles, count):
            yield {name: state for name, state in lacking.items() if state.title in kept} | products


def _check_job(feed: SubmittedFeed, job: Mapping[str, Any]) -> None:
    """Check that an import reports its true outcome, whether or not it was interrupted."""
    shown = {name: value for name, value in job.items() if name != "errors"}
    total = len(feed.products) + feed.unusable
    if feed.is_refused:
        assert job["state"] == "failed" and "nothing was changed: the feed lacks" in job["message"], shown
        assert (job["done"], job["removed"]) == (0, 0), shown
        return
    assert job["state"] == "done" and job["total"] == job["done"] == total, shown
    assert job["added"] + job["updated"] + job["unchanged"] == len(feed.products), shown
    assert job["error_count"] == feed.unusable, shown
    assert feed.removed is None or job["removed"] == feed.removed, (feed.removed, shown)

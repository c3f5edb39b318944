"""Products that a gallery must or may hold, by the answers to its clients."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from benchmarks.reliability.crash.product_state import ProductState

Possible = frozenset[ProductState | None]
"""Possible states of a product, None for a missing one. There are several after a change without an answer."""

Change = dict[str, ProductState | None]
"""States that one request gives to several products, by id, None for a deletion."""


class ExpectedProducts:
    """Products that may be in the gallery. Every client has its own products."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._possible: dict[str, Possible] = {}
        self._unanswered: list[Change] = []  # of each, all or nothing must be stored

    def possible_states(self, product_id: str) -> Possible:
        """Return the possible states of a product."""
        return self._possible.get(product_id, frozenset({None}))

    def record_request(self, change: Change) -> None:
        """Record that a change is about to be requested."""
        with self._lock:
            self._forget(change)
            self._unanswered.append(change)
            for product_id, state in change.items():
                self._possible[product_id] = self.possible_states(product_id) | {state}

    def record_acknowledgement(self, change: Change) -> None:
        """Record that a change was acknowledged, so that its products must have these states."""
        with self._lock:
            self._forget(change)
            for product_id, state in change.items():
                self._possible[product_id] = frozenset({state})

    def list_required(self) -> list[str]:
        """List the products that must exist."""
        return [name for name, possible in self._possible.items() if None not in possible]

    def settle(self, observed: Mapping[str, ProductState]) -> None:
        """Take the observed products as the only possible state. Raises AssertionError if that is impossible."""
        for change in self._unanswered:
            stored = {name: observed.get(name) == state for name, state in change.items()}
            assert len(set(stored.values())) == 1, f"a change of several products is half stored: {stored} of {change}"
        self._unanswered = []
        for name in set(self._possible) | set(observed):
            state = observed.get(name)
            assert state in self.possible_states(name), (
                f"{name} is {state}: expected one of {set(self.possible_states(name))}"
            )
            self._possible[name] = frozenset({state})

    def _forget(self, change: Change) -> None:
        """Forget the unanswered changes of these products, since this change hides whether they were stored."""
        self._unanswered = [other for other in self._unanswered if not other.keys() & change.keys()]

"""Products that a gallery must or may hold, by the answers to its clients."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import NamedTuple

FEED_SIZE = 12
"""Number of products of a feed."""


class ProductState(NamedTuple):
    """ProductState of a product: its last title and the number of its photo."""

    title: str
    photo: int


Possible = frozenset[ProductState | None]
"""Possible states of a product, None for a missing one. There are several after a change without an answer."""


class ExpectedProducts:
    """Products that may be in the gallery. Every client has its own products; all feeds share theirs."""

    def __init__(self, photo_names: list[str]) -> None:
        self.photo_names = photo_names  # last parts of photo_url
        self._lock = threading.Lock()
        self._possible: dict[str, Possible] = {}
        # possible states of the feeds' products, None for missing: by the last accepted feed and by later ones
        self._feeds: list[ProductState | None] = [None]

    def possible_states(self, product_id: str) -> Possible:
        """Return the possible states of a product."""
        return self._possible.get(product_id, frozenset({None}))

    def record_request(self, product_id: str, state: ProductState | None) -> None:
        """Record that a change is about to be requested."""
        with self._lock:
            self._possible[product_id] = self.possible_states(product_id) | {state}

    def record_acknowledgement(self, product_id: str, state: ProductState | None) -> None:
        """Record that a change was acknowledged, so that the product must have this state."""
        with self._lock:
            self._possible[product_id] = frozenset({state})

    def record_feed_request(self, state: ProductState) -> None:
        """Record that a feed is about to be sent."""
        self._feeds.append(state)

    def record_feed_acknowledgement(self) -> None:
        """Record that the last feed was accepted, which replaces all earlier ones."""
        del self._feeds[:-1]

    def list_required(self) -> list[str]:
        """List the products that must exist."""
        return [name for name, possible in self._possible.items() if None not in possible]

    def settle(self, observed: Mapping[str, ProductState]) -> None:
        """Take the observed products as the only possible state. Raises AssertionError if that is impossible."""
        fed = {name: state for name, state in observed.items() if name.startswith("feed-")}
        states: set[ProductState | None] = set(fed.values()) or {None}
        assert len(states) == 1 and len(fed) in (0, FEED_SIZE), f"an import is incomplete: {fed}"
        assert states <= set(self._feeds), f"feeds made {states}: expected one of {self._feeds}"
        self._feeds = list(states)
        names = set(self._possible) | (set(observed) - set(fed))
        for name in names:
            state = observed.get(name)
            assert state in self.possible_states(name), (
                f"{name} is {state}: expected one of {set(self.possible_states(name))}"
            )
            self._possible[name] = frozenset({state})

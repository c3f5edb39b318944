"""What a gallery may hold, by what its clients were promised."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import NamedTuple

FEED = 12
"""Products of a feed."""


class State(NamedTuple):
    """What a product is: the title that it was last given, and which of the photos it has."""

    title: str
    photo: int


Possible = frozenset[State | None]
"""What a product may be, None for not there: more than one thing when a change was never answered."""


class Expected:
    """What may be in the gallery. Every client has products of its own; feeds have theirs in common."""

    def __init__(self, photo_names: list[str]) -> None:
        self.photo_names = photo_names  # as photo_url ends
        self._lock = threading.Lock()
        self._possible: dict[str, Possible] = {}
        # what feeds may have made of theirs, None for nothing: the last that was accepted, and later ones
        self._feeds: list[State | None] = [None]

    def of(self, product_id: str) -> Possible:
        """What a product may be."""
        return self._possible.get(product_id, frozenset({None}))

    def wanted(self, product_id: str, state: State | None) -> None:
        """A change is about to be asked for."""
        with self._lock:
            self._possible[product_id] = self.of(product_id) | {state}

    def acknowledged(self, product_id: str, state: State | None) -> None:
        """It was answered: from now on it has to be there."""
        with self._lock:
            self._possible[product_id] = frozenset({state})

    def feed_wanted(self, state: State) -> None:
        """A feed is about to be sent."""
        self._feeds.append(state)

    def feed_acknowledged(self) -> None:
        """It was accepted: no earlier one counts any more."""
        del self._feeds[:-1]

    def present(self) -> list[str]:
        """Products that are surely there."""
        return [name for name, possible in self._possible.items() if None not in possible]

    def settle(self, found: Mapping[str, State]) -> None:
        """What is found is what was; raises AssertionError when that cannot be."""
        fed = {name: state for name, state in found.items() if name.startswith("feed-")}
        made: set[State | None] = set(fed.values()) or {None}
        assert len(made) == 1 and len(fed) in (0, FEED), f"an import is half there: {fed}"
        assert made <= set(self._feeds), f"feeds made {made}: expected one of {self._feeds}"
        self._feeds = list(made)
        names = set(self._possible) | (set(found) - set(fed))
        for name in names:
            state = found.get(name)
            assert state in self.of(name), f"{name} is {state}: expected one of {set(self.of(name))}"
            self._possible[name] = frozenset({state})

"""Seeded choices that spread the products of one kind evenly over each of its parameters."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from PIL import Image

SEED = "sketchfind demo 1"
T = TypeVar("T")


class Picture(Protocol):
    """Anything that can be turned into a product photo."""

    def photo(self) -> Image.Image:
        """An RGB picture of the product on white."""


@dataclass(frozen=True)
class Piece:
    """One designed product, not painted yet."""

    picture: Picture
    title: str
    colour: str
    price: float  # EUR, before rounding
    gender: str = "Unisex"


@dataclass(frozen=True)
class Hand:
    """The choices for product `index` of the `count` of one kind.

    Every named parameter deals its values through a seeded permutation of the kind (a Latin hypercube), so
    that no value is used up by chance and neighbours differ.
    """

    kind: str
    index: int
    count: int

    def _place(self, name: str) -> float:
        """This product's place in 0..1 along a parameter."""
        dealer = random.Random(f"{SEED}/{self.kind}/{name}")
        order = list(range(self.count))
        dealer.shuffle(order)
        return (order[self.index] + 0.5) / self.count

    def pick(self, name: str, options: Sequence[T]) -> T:
        """One of the options; all get nearly the same share."""
        return options[int(self._place(name) * len(options))]

    def between(self, name: str, low: float, high: float) -> float:
        """A value spread evenly over low..high."""
        return low + (high - low) * self._place(name)


def phrase(*words: str) -> str:
    """Words joined to a title: 'chestnut', 'suede', 'boot' -> 'Chestnut suede boot'; empty ones left out."""
    text = " ".join(w for w in words if w)
    return text[:1].upper() + text[1:]

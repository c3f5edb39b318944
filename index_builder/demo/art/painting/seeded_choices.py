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
    """Picture that can be painted as a product photo."""

    def photo(self) -> Image.Image:
        """Paint an RGB picture of the product on white."""


@dataclass(frozen=True)
class Piece:
    """Designed product, before its photo is painted."""

    picture: Picture
    title: str
    colour: str
    price: float  # EUR, before rounding
    gender: str = "Unisex"


@dataclass(frozen=True)
class SeededChoices:
    """Choices for product `index` of the `count` products of one kind.

    Every named parameter assigns its values by a seeded permutation of the products (a Latin hypercube). Values are
    therefore spread evenly, and neighbouring products differ.
    """

    kind: str
    index: int
    count: int

    def _place(self, name: str) -> float:
        """Return this product's place in 0..1 along a parameter."""
        generator = random.Random(f"{SEED}/{self.kind}/{name}")
        order = list(range(self.count))
        generator.shuffle(order)
        return (order[self.index] + 0.5) / self.count

    def pick(self, name: str, options: Sequence[T]) -> T:
        """Choose an option. All options get nearly the same share of products."""
        return options[int(self._place(name) * len(options))]

    def between(self, name: str, low: float, high: float) -> float:
        """Choose a value that is spread evenly over low..high."""
        return low + (high - low) * self._place(name)


def phrase(*words: str) -> str:
    """Join the words that are not empty to a title: 'chestnut', 'suede', 'boot' -> 'Chestnut suede boot'."""
    text = " ".join(w for w in words if w)
    return text[:1].upper() + text[1:]

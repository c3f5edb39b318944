"""Rules of merchandising: which products are brought forward, put back, pinned to a place, or hidden."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from app.products.conditions import Condition
from app.products.product import Product
from app.products.text_keys import category_key
from app.words.stemming import Language, stem
from app.words.word_query import WordQuery

DEFAULT_BOUND = 0.3

_MOST_WEIGHTS = 200_000  # in the cache


@dataclass(frozen=True)
class Move:
    """Effect that brings products forward (weight over 0, at most 1) or puts them back (under 0, at least -1)."""

    weight: float


@dataclass(frozen=True)
class Pin:
    """Effect that puts the best product of a list by words at a position, from 1.

    The list has to be of any of the texts `words`, and of the category, of those that are given.
    """

    position: int
    words: tuple[str, ...] = ()
    category: str | None = None

    def is_for(self, words: WordQuery | None, category: str | None) -> bool:
        """Return whether the pin is for a list of these words and this category."""
        if self.category is not None and category_key(self.category) != category_key(category):
            return False
        if not self.words:
            return True
        if words is None:
            return False
        wanted = _stems(words.text, words.language)
        return any(_stems(own, words.language) == wanted for own in self.words)


@dataclass(frozen=True)
class Hide:
    """Effect that leaves products out of all lists and counts."""


@dataclass(frozen=True)
class Rule:
    """Effect on the products that meet a condition, from a moment on and until another, if there are any."""

    name: str
    condition: Condition
    effect: Move | Pin | Hide
    begins: datetime | None = None
    ends: datetime | None = None

    def is_active(self, now: datetime) -> bool:
        """Return whether the rule acts at a moment."""
        return (self.begins is None or self.begins <= now) and (self.ends is None or now < self.ends)


def describe_effect(rule: Rule) -> str:
    """Describe the effect of a rule, such as "boost 0.5" or "pin 1"."""
    if isinstance(rule.effect, Move):
        return f"{'boost' if rule.effect.weight > 0 else 'bury'} {abs(rule.effect.weight):g}"
    return f"pin {rule.effect.position}" if isinstance(rule.effect, Pin) else "hide"


class ActiveRules:
    """Rules that act together. Safe to use from many threads.

    Moves exchange no two products whose distances differ by more than `bound`, as a share of the spread of distances.
    """

    def __init__(self, rules: Iterable[Rule] = (), bound: float = DEFAULT_BOUND) -> None:
        self.rules, self.bound = tuple(rules), bound
        self.hidden = tuple(rule.condition for rule in self.rules if isinstance(rule.effect, Hide))
        self._moves = [(rule, rule.effect.weight) for rule in self.rules if isinstance(rule.effect, Move)]
        self._pins = [(rule, rule.effect) for rule in self.rules if isinstance(rule.effect, Pin)]
        self._weights: dict[int, float] = {}  # by revision, which always means the same state of a product

    @property
    def has_moves(self) -> bool:
        """Whether any rule moves products."""
        return bool(self._moves)

    def shift(self, product: Product) -> float:
        """Return by how much a product is moved, as a share of the spread: -bound/2 (forward) to bound/2 (back)."""
        weight = self._weights.get(product.revision)
        if weight is None:
            weight = sum(own for rule, own in self._moves if rule.condition.is_met_by(product))
            if len(self._weights) >= _MOST_WEIGHTS:
                self._weights = {}
            self._weights[product.revision] = weight
        return -self.bound / 2 * max(-1.0, min(1.0, weight))

    def moving(self, product: Product) -> list[Rule]:
        """Return the rules that move a product."""
        return [rule for rule, _ in self._moves if rule.condition.is_met_by(product)]

    def pins_for(self, words: WordQuery | None, category: str | None) -> tuple[tuple[Rule, int], ...]:
        """Return the rules that pin products in a list of these words and this category, with ascending positions."""
        pins = [(rule, pin.position) for rule, pin in self._pins if pin.is_for(words, category)]
        return tuple(sorted(pins, key=_position))


NO_RULES = ActiveRules()


def active_rules(rules: Sequence[Rule], bound: float, now: datetime) -> ActiveRules:
    """Return those of the rules that act at a moment."""
    return ActiveRules((rule for rule in rules if rule.is_active(now)), bound)


def _position(pin: tuple[Rule, int]) -> int:
    return pin[1]


@lru_cache(maxsize=10_000)
def _stems(text: str, language: Language | None) -> frozenset[str]:
    """Return the words of a query in the form in which the same words are equal."""
    return frozenset(stem(token.key, language) for token in WordQuery(text, language).tokens())

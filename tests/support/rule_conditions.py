"""Random conditions of rules, and products that some of them fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from app.products.conditions import PRICE, Condition, Range
from app.products.product import Product
from app.products.rule_numbers import RULE_NUMBERS

_LABELS = [None, "Clearance", "clearance", "NEW  in", "7", "40 %", "-3,5"]
_COSTS = [None, "5 EUR", "10", "12 USD", "unknown"]
_REGULAR = [(), (("regular_price", "50 EUR"),), (("regular_price", "12"),), (("material", "Leather"),)]
_TEXTS: dict[str, list[Any]] = {
    "categories": ["shoes", "Shoes > Boots", "Bags"],
    "group_ids": ["g1", "g2", "g3", "none"],
    "product_ids": [f"p{number:03}" for number in range(0, 150, 3)],
}
_TRAITS = {"color": ["RED", "black"], "brand": ["acme", "none"], "size": ["42", "EU 41"], "material": ["leather"]}


def with_private_fields(product: Product, random: np.random.Generator) -> Product:
    """Give a product random labels, costs and attributes."""
    return replace(
        product,
        custom_label_0=_pick(random, _LABELS),
        custom_label_3=_pick(random, _LABELS),
        cost_of_goods_sold=_pick(random, _COSTS),
        attributes=_pick(random, _REGULAR),
    )


def random_condition(random: np.random.Generator) -> Condition:
    """Draw a condition of one or two requirements."""
    return Condition(**dict(_requirement(random) for _ in range(1 + int(random.integers(2)))))


def _requirement(random: np.random.Generator) -> tuple[str, Any]:
    kind = _pick(random, [*_TEXTS, "traits", "labels", "ranges", "ranges", "currency", "in_stock", "on_sale"])
    if kind in _TEXTS:
        return kind, tuple(_pick(random, _TEXTS[kind]) for _ in range(20 if kind == "product_ids" else 1))
    if kind == "traits":
        name = _pick(random, list(_TRAITS))
        return kind, ((name, tuple(_TRAITS[name][: 1 + int(random.integers(2))])),)
    if kind == "labels":
        return kind, ((_pick(random, ["custom_label_0", "custom_label_3"]), ("CLEARANCE", "7")),)
    if kind == "ranges":
        bounds = sorted(int(bound) for bound in random.integers(-10, 60, 2))
        low, high = _pick(random, [(bounds[0], None), (None, bounds[1]), tuple(bounds)])
        wanted = Range(*(None if bound is None else Decimal(bound) for bound in (low, high)))
        return kind, ((_pick(random, [PRICE, *RULE_NUMBERS]), wanted),)
    return kind, "eur" if kind == "currency" else bool(random.integers(2))


def _pick(random: np.random.Generator, choices: Sequence[Any]) -> Any:
    return choices[int(random.integers(len(choices)))]

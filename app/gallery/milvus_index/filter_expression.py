"""Filters of products, and conditions of rules, as expressions of Milvus, and the fields of a product that they read.

All that filters compare for equality is a hash in the array `terms` of a product, as in an inverted index. No field is
ever null, so that `not` has one meaning: an unknown number is UNKNOWN, below every other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from app.core.arrays import Rows
from app.products.conditions import PRICE, Condition, Range
from app.products.filters import Filters
from app.products.product import CUSTOM_LABELS, PRICE_PLACES, Product
from app.products.rule_numbers import RULE_NUMBERS, rule_number
from app.products.text_keys import category_key, comparison_key

UNKNOWN = -1e300
_LARGEST = 2**62
_NOTHING, _EVERYTHING = "revision < 0", "revision >= 0"
_OUT_OF_STOCK = ("availability", "out_of_stock")


def term(*words: str) -> int:
    """Return the hash of a fact, of 63 bits."""
    return int.from_bytes(hashlib.blake2b("\0".join(words).encode(), digest_size=8).digest()) >> 1


def product_number(product_id: str) -> int:
    """Return the hash by which a product is known to Milvus."""
    return term("id", product_id)


def fields_of(product: Product) -> dict[str, Any]:
    """Return the fields of a product that filters and conditions of rules read."""
    facts: list[tuple[str, ...]] = [("trait", name, comparison_key(value)) for name, value in product.traits()]
    facts += [("category", path) for path in _paths_above(category_key(product.category))]
    facts += [(name, label) for name in CUSTOM_LABELS if (label := getattr(product, name)) is not None]
    texts = {"group": product.group_id, "currency": product.currency, "availability": product.availability}
    facts += [(name, text) for name, text in texts.items() if text is not None]
    numbers = {name: rule_number(product, name) for name in RULE_NUMBERS}
    return {
        "product": product_number(product.product_id),
        "revision": product.revision,
        "terms": sorted({term(*fact) for fact in facts}),
        PRICE: -1 if product.price is None else _stored_price(product.price),
        **{name: UNKNOWN if number is None else number for name, number in numbers.items()},
    }


def expression_of(filters: Filters, having_words: Rows | None) -> str:
    """Return the expression of the products that pass.

    If the filters have words, `having_words` has the revisions (N,) of the products that have all of them.
    """
    parts = list[str]()
    if filters.category is not None:
        parts.append(_has_any([("category", category_key(filters.category) or "")]))
    parts += [_has_trait(name, choices) for name, choices in filters.trait_values().items()]
    if filters.currency is not None:
        parts.append(_has_any([("currency", filters.currency.upper())]))
    if filters.min_price is not None or filters.max_price is not None:
        parts.append(_is_within(PRICE, Range(filters.min_price, filters.max_price)))
    if filters.in_stock:
        parts.append(f"not {_has_any([_OUT_OF_STOCK])}")
    if having_words is not None:
        parts.append(f"revision in {having_words.tolist()}" if len(having_words) else _NOTHING)
    parts += [f"not ({_meets(hidden)})" for hidden in filters.hidden]
    return " and ".join(parts) or _EVERYTHING


def _meets(condition: Condition) -> str:
    """Return the expression of the products that meet a condition."""
    parts = list[str]()
    if condition.product_ids:
        parts.append(f"product in {[product_number(product_id) for product_id in condition.product_ids]}")
    if condition.group_ids:
        parts.append(_has_any([("group", group_id) for group_id in condition.group_ids]))
    if condition.categories:
        parts.append(_has_any([("category", category_key(category) or "") for category in condition.categories]))
    if condition.currency is not None:
        parts.append(_has_any([("currency", condition.currency.upper())]))
    if condition.in_stock is not None:
        parts.append(f"not {_has_any([_OUT_OF_STOCK])}" if condition.in_stock else _has_any([_OUT_OF_STOCK]))
    if condition.on_sale is not None:
        parts.append(f"discount {'>' if condition.on_sale else '<='} {UNKNOWN!r}")
    parts += [_has_any([(name, comparison_key(label)) for label in labels]) for name, labels in condition.labels]
    parts += [_is_within(name, wanted) for name, wanted in condition.ranges]
    parts += [_has_trait(name, [[value] for value in values]) for name, values in condition.traits]
    return " and ".join(parts) or _EVERYTHING


def _has_any(facts: Iterable[tuple[str, ...]]) -> str:
    return f"array_contains_any(terms, {[term(*fact) for fact in facts]})"


def _has_trait(name: str, choices: Iterable[Sequence[str]]) -> str:
    """Return the expression of the products that have all values of one choice of a trait."""
    facts = [[("trait", name, comparison_key(value)) for value in choice] for choice in choices]
    single = [choice[0] for choice in facts if len(choice) == 1]
    several = [f"array_contains_all(terms, {[term(*fact) for fact in choice]})" for choice in facts if len(choice) > 1]
    return f"({' or '.join([*[_has_any(single)] * bool(single), *several])})"


def _is_within(name: str, wanted: Range) -> str:
    """Return the expression of the products whose price, or another number, is known and in a range."""
    stored = _stored_price if name == PRICE else float
    bounds = ((">=", wanted.at_least), ("<=", wanted.at_most))
    parts = [f"{name} >= 0" if name == PRICE else f"{name} > {UNKNOWN!r}"]
    parts += [f"{name} {sign} {stored(bound)!r}" for sign, bound in bounds if bound is not None]
    return f"({' and '.join(parts)})"


def _stored_price(price: Decimal) -> int:
    """Return a price in the catalogue's unit, of which a whole number is stored."""
    return min(int(price.scaleb(PRICE_PLACES).to_integral_value()), _LARGEST)


def _paths_above(key: str | None) -> list[str]:
    """Return a category's key and those of all categories that it is below."""
    parts = key.split(" > ") if key else []
    return [" > ".join(parts[:count]) for count in range(1, len(parts) + 1)]

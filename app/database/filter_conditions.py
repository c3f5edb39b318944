"""Filters of products, and conditions of rules, as SQL conditions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, select, true

from app.database.sql_lists import Scalar, is_any_of, table_of
from app.database.tables import NUMBER_COLUMNS, products, trait_values, traits
from app.database.word_index.conditions import has_word
from app.products.conditions import PRICE, Condition, Range
from app.products.filters import Filters
from app.products.text_keys import category_key, comparison_key

LIVE = ~products.c.deleted
_IS_IN_STOCK = or_(products.c.availability.is_(None), products.c.availability != "out_of_stock")
LIVE_BY_KEY = func.coalesce(products.c.deleted, False).is_(False)
"""LIVE for queries that should use the index of a key or an order.

SQLite's planner expects few rows from LIVE, and would scan the index of filters, with every product, instead.
"""


def where_clauses(filters: Filters) -> list[ColumnElement[bool]]:
    """Return the conditions of live products that pass; all of them must hold.

    Raises ValueError for filters with words that have not been looked up in the catalogue.
    """
    if filters.words is not None:
        raise ValueError(f"the words {filters.words.text!r} are as typed: expected the choices of resolve_words()")
    conditions: list[ColumnElement[bool]] = [LIVE]
    if filters.category is not None:
        conditions.append(_below(filters.category))
    conditions += [_has_any(name, choices) for name, choices in filters.trait_values().items()]
    if filters.currency is not None:
        conditions.append(products.c.currency == filters.currency.upper())
    if filters.min_price is not None:
        conditions.append(products.c.price >= filters.min_price)
    if filters.max_price is not None:
        conditions.append(products.c.price <= filters.max_price)
    if filters.in_stock:
        conditions.append(_IS_IN_STOCK)
    conditions += map(has_word, filters.word_choices)
    # of NULL, such as an unknown margin, NOT would be NULL too, and no product would pass
    conditions += [not_(func.coalesce(meets(hidden), false())) for hidden in filters.hidden]
    return conditions


def meets(condition: Condition) -> ColumnElement[bool]:
    """Return the condition that a product is as Condition.is_met_by() requires."""
    columns = products.c
    parts: list[ColumnElement[bool]] = []
    if condition.product_ids:
        parts.append(is_any_of(columns.product_id, condition.product_ids))
    if condition.group_ids:
        parts.append(is_any_of(columns.group_id, condition.group_ids))
    if condition.categories:
        parts.append(or_(*map(_below, condition.categories)))
    if condition.currency is not None:
        parts.append(columns.currency == condition.currency.upper())
    if condition.in_stock is not None:
        parts.append(_IS_IN_STOCK if condition.in_stock else columns.availability == "out_of_stock")
    if condition.on_sale is not None:
        discount = NUMBER_COLUMNS["discount"]
        parts.append(discount.is_not(None) if condition.on_sale else discount.is_(None))
    parts += [is_any_of(columns[name], list(map(comparison_key, values))) for name, values in condition.labels]
    parts += [_is_within(name, wanted) for name, wanted in condition.ranges]
    parts += [_has_any(name, [[value] for value in values]) for name, values in condition.traits]
    return and_(true(), *parts)


def _is_within(name: str, wanted: Range) -> ColumnElement[bool]:
    """Return the condition that the price, or a number of NUMBER_COLUMNS, is in a range."""
    number = products.c.price if name == PRICE else NUMBER_COLUMNS[name]
    low, high = (
        bound if bound is None or name == PRICE else float(bound) for bound in (wanted.at_least, wanted.at_most)
    )
    parts: list[ColumnElement[bool]] = [number.is_not(None)]
    if low is not None:
        parts.append(number >= low)
    if high is not None:
        parts.append(number <= high)
    return and_(*parts)


def _below(category: str) -> ColumnElement[bool]:
    """Return the condition that a product's category is this one or below it."""
    key = category_key(category)
    column = products.c.category_key
    return or_(column == key, column.startswith(f"{key} > ", autoescape=True))


def _has_any(name: str, choices: Iterable[Sequence[str]]) -> ColumnElement[bool]:
    """Return the condition that a product has all values of one choice, such as "red", or "red" and "black"."""
    keys = {frozenset(map(comparison_key, choice)) for choice in choices}
    single = [key for choice in keys if len(choice) == 1 for key in choice]
    several = [choice for choice in keys if len(choice) > 1]
    return or_(*[_has(name, single)] * bool(single), *[_has_all(name, several)] * bool(several))


def _has(name: str, keys: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that a product has a trait with one of these keys."""
    named = select(trait_values.c.id).where(trait_values.c.name == name, is_any_of(trait_values.c.key, keys))
    return products.c.revision.in_(select(traits.c.revision).where(traits.c.value_id.in_(named)))


def _has_all(name: str, choices: Iterable[Collection[str]]) -> ColumnElement[bool]:
    """Return the condition that a product has a trait with all keys of one choice."""
    rows: list[list[Scalar]] = [[number, len(keys), key] for number, keys in enumerate(choices) for key in keys]
    wanted = table_of(rows).c.value
    number, size, key = wanted[0].as_integer(), wanted[1].as_integer(), wanted[2].as_string()
    hits = select(traits.c.revision).join(trait_values, trait_values.c.id == traits.c.value_id)
    hits = hits.where(trait_values.c.name == name, trait_values.c.key == key)
    # a product has at most one value per key, so a choice has as many hits as the product has of its keys
    return products.c.revision.in_(hits.group_by(traits.c.revision, number, size).having(func.count() == size))

"""Pinned products: the places of a list by words that rules have given away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from app.index.groups import NO_GROUPS, Groups
from app.products.product import Product
from app.rules.rule import Rule
from app.search.ranking import Ranking, Row


def rank_with_pins(
    ranking: Ranking, products: Mapping[int, Product], pins: Sequence[tuple[Rule, int]], groups: Groups
) -> list[Row]:
    """Return the nearest product of each group, with pinned products at their positions, which ascend.

    Of the products that meet a rule's condition, the nearest is pinned, and stands for its group. A position beyond the
    end of the list is the end, and one that is taken the next. A rule whose products are not in the list does nothing.
    """
    rows = ranking.top_k(products, len(ranking.revisions), NO_GROUPS)
    numbers = dict(zip(ranking.revisions.tolist(), groups.numbers_of(ranking.revisions).tolist(), strict=True))
    pinned: dict[int, tuple[int, Row]] = {}  # by the number of the group: position and row
    for rule, position in pins:
        for row in rows:
            number = numbers[row.product.revision]
            if number not in pinned and rule.condition.is_met_by(row.product):
                pinned[number] = position, row._replace(pin=rule)
                break
    left = ~np.isin(groups.numbers_of(ranking.revisions), list(pinned))
    listed = ranking.among(left).top_k(products, len(ranking.revisions), groups)
    last = 0
    for position, row in pinned.values():
        last = max(position, last + 1)
        listed.insert(last - 1, row)
    return listed

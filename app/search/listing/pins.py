"""Pinned products: the places of a list by words that rules have given away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from app.catalogue.product_cache import ProductCache
from app.gallery.selection import Selection
from app.index.first_stage.groups import NO_GROUPS, Groups
from app.rules.rule import Rule
from app.search.ranking import Ranking, Row

Pinned = list[tuple[int, Row]]
"""Positions and rows, the positions ascending."""


def find_pinned(
    ranking: Ranking, pins: Iterable[tuple[Rule, int]], selection: Selection, cache: ProductCache, groups: Groups
) -> Pinned:
    """Find the products that rules pin: of those that meet a rule's condition, the nearest whose group is not pinned.

    A rule whose products are not in the ranking pins none.
    """
    pinned: Pinned = []
    for rule, position in pins:
        left = without_pinned(ranking, pinned, groups)
        candidates = left.among(np.isin(left.revisions, selection.view.meeting(rule.condition)))
        products = selection.products(cache, candidates.top_k_with_ties(1, NO_GROUPS))
        for row in candidates.top_k(products, 1, NO_GROUPS):
            pinned.append((position, row._replace(pin=rule)))
    return pinned


def without_pinned(ranking: Ranking, pinned: Pinned, groups: Groups) -> Ranking:
    """Return a ranking without the groups of pinned products."""
    if not pinned:
        return ranking
    revisions = np.array([row.product.revision for _, row in pinned], np.int64)
    return ranking.among(~np.isin(groups.numbers_of(ranking.revisions), groups.numbers_of(revisions)))


def place_pinned(rows: Sequence[Row], pinned: Pinned) -> list[Row]:
    """Return the rows of a list, or of its beginning, with pinned products at their positions.

    A position beyond the end is the end, and one that is taken the next.
    """
    listed, last = list(rows), 0
    for position, row in pinned:
        last = max(position, last + 1)
        listed.insert(last - 1, row)
    return listed

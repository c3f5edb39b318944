"""First stage of a search for groups of products: candidates of as many groups as are needed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from app.core.arrays import Embeddings, Rows
from app.index.first_stage.groups import Groups
from app.index.first_stage.index_snapshot import IndexSnapshot
from app.index.first_stage.passing import Passing


def find_candidates(
    snapshot: IndexSnapshot, queries: Embeddings, counts: Sequence[int], groups: Groups, passing: Passing
) -> Sequence[Rows]:
    """Find the candidates of queries (B,Q): the nearest `counts` products, or all passing ones of as many groups.

    Only `passing` products count. Without `groups`, each product counts on its own.
    """
    if len(groups):
        return group_candidates(snapshot, queries, counts, passing)
    rows = snapshot.candidates(queries, max(counts), passing)
    return [row[:count] for row, count in zip(rows, counts, strict=True)]


def group_candidates(
    snapshot: IndexSnapshot, queries: Embeddings, counts: Sequence[int], passing: Passing
) -> list[Rows]:
    """Find the rows of the passing products of the groups nearest to each of queries (B,Q), `counts` groups for each.

    A group is as near as its nearest passing product. Fewer groups are found only if the gallery has fewer. The rows
    are in no order.
    """
    groups = snapshot.groups
    n = min(math.ceil(max(counts) * groups.mean_size(snapshot.size)), snapshot.size)
    while True:
        rows = snapshot.candidates(queries, n, passing)
        numbers = [_first_groups(snapshot, of_query[of_query >= 0]) for of_query in rows]
        is_enough = (len(found) >= count for found, count in zip(numbers, counts, strict=True))
        if n >= snapshot.size or all(enough or -1 in row for enough, row in zip(is_enough, rows, strict=True)):
            break
        n = min(2 * n, snapshot.size)
    nearest = [found[:count] for found, count in zip(numbers, counts, strict=True)]
    members = groups.members_of(np.unique(np.concatenate(nearest)))
    members = members if passing.is_everything else members[passing.among(members)]
    owners = groups.numbers_of(members)
    return [snapshot.rows_of(members[np.isin(owners, found)]) for found in nearest]


def _first_groups(snapshot: IndexSnapshot, rows: Rows) -> Rows:
    """Return the distinct groups of rows, in the order of their first rows."""
    numbers = snapshot.groups.numbers_of(snapshot.revisions(rows))
    _, first = np.unique(numbers, return_index=True)
    return numbers[np.sort(first)]

"""Split of a selection by stock, for lists in which results that are out of stock come last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from app.gallery.selection import Selection
from app.index.groups import Groups
from app.products.filters import Filters


def in_stock_first(selection: Selection, filters: Filters, groups: Groups) -> Iterator[Selection]:
    """Yield the passing products that are in stock, then those of groups that have none of these.

    The second part is computed when it is asked for, since most searches find enough in stock.
    """
    in_stock = selection.view.matching(replace(filters, in_stock=True))
    yield replace(selection, passing=in_stock)
    passing = selection.snapshot.live_revisions() if selection.passing is None else selection.passing
    is_listed = np.isin(groups.numbers_of(passing), groups.numbers_of(in_stock))
    yield replace(selection, passing=passing[~is_listed])

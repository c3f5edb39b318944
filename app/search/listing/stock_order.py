"""Split of a selection by stock, for lists in which results that are out of stock come last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from app.gallery.selection import Selection
from app.index.first_stage.groups import Groups
from app.index.first_stage.passing import Passing, Unless
from app.products.conditions import Condition


def in_stock_first(selection: Selection, groups: Groups) -> Iterator[Selection]:
    """Yield the passing products that are in stock, then those of groups that have none of these.

    The second part is computed when it is asked for, since most searches find enough in stock.
    """
    filters, source = selection.passing.filters, selection.passing.source
    in_stock = Passing(replace(filters, in_stock=True), source)
    yield replace(selection, passing=in_stock)
    out_of_stock = replace(filters, hidden=(*filters.hidden, Condition(in_stock=True)))
    yield replace(selection, passing=Passing(out_of_stock, source, Unless(in_stock, groups)))

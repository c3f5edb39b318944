"""What facets count, as arrays in memory: groups, categories, traits, prices and stock of all products of one revision.

The same counts in SQL compare texts and sort them, for each facet again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, Connection, Select, null, select, type_coerce

from app.core.arrays import Mask, Rows
from app.database.filter_conditions import LIVE, LIVE_BY_KEY
from app.database.rows import chunks, state_in
from app.database.sql_lists import is_any_of
from app.database.tables import IS_FIRST_PHOTO, photos, products, trait_values, traits
from app.index.first_stage.groups import group_number
from app.products.grouping import Grouping

_ROWS = 16_384  # read at a time: bounds memory
_NO_PRICE = -1


class GroupCounter:
    """Counter of the groups with a key, among any products. `keys` (P,) are of products in `rows` (P,)."""

    def __init__(self, keys: Rows, rows: Rows, groups: Rows) -> None:
        order = np.lexsort((groups[rows], keys))
        self._rows, keys = rows[order], keys[order]
        is_first = np.ones(len(order), bool)  # of those with the same key and group
        is_first[1:] = (np.diff(keys) != 0) | (np.diff(groups[self._rows]) != 0)
        self._starts = np.flatnonzero(is_first)
        self._keys = keys[self._starts]

    def count(self, passing: Mask) -> Rows:
        """Count (K,) the groups with each key of which one of the passing products (N,) has it."""
        if not len(self._starts):
            return np.zeros(0, np.int64)
        return np.bincount(self._keys[np.logical_or.reduceat(passing[self._rows], self._starts)])


class NamedValues:
    """Values of products: the value of number `numbers` (P,) is that of the product in `rows` (P,).

    A label is a name, a key and a spelling. Values of the same name and key are counted as one.
    """

    def __init__(self, labels: Sequence[tuple[str, str, str]], numbers: Rows, rows: Rows, groups: Rows) -> None:
        self._labels, self._numbers, self._rows = labels, numbers, rows
        keys: dict[tuple[str, str], int] = {}
        self._keys = [keys.setdefault((name, key), len(keys)) for name, key, _ in labels]
        self._counter = GroupCounter(np.array(self._keys, np.int64)[numbers], rows, groups)

    def count(self, passing: Mask) -> dict[str, dict[str, int]]:
        """Count the groups by name and by the spelling that sorts first among the passing products, in its order."""
        spelled = np.flatnonzero(np.bincount(self._numbers[passing[self._rows]], minlength=len(self._labels)))
        counts, spellings = self._counter.count(passing), dict[int, tuple[str, str]]()
        for number in spelled.tolist():
            name, _, value = self._labels[number]
            spellings[self._keys[number]] = min(spellings.get(self._keys[number], (name, value)), (name, value))
        ordered = sorted(spellings.items(), key=lambda item: (item[1][1].casefold(), item[1][1]))
        by_name: dict[str, dict[str, int]] = {}
        for key, (name, value) in ordered:
            by_name.setdefault(name, {})[value] = int(counts[key])
        return by_name


@dataclass(frozen=True)
class FacetTable:
    """All products of a catalogue's `revision`. Arrays (N,) have the products in the order of their own revisions."""

    revision: int  # 0 for a catalogue without products
    revisions: Rows
    in_stock: Mask
    prices: Rows  # in ten-thousandths
    currencies: dict[str | None, Mask]  # the products with a price in each
    groups: GroupCounter
    priced: dict[str | None, GroupCounter]
    categories: NamedValues  # of each product its category and all above it
    traits: NamedValues

    def mask_of(self, revisions: Sequence[int]) -> Mask:
        """Return the mask (N,) of the products with these revisions, all of which are known."""
        mask = np.zeros(len(self.revisions), bool)
        mask[np.searchsorted(self.revisions, np.array(revisions, np.int64))] = True
        return mask


class FacetTables:
    """The last table of a catalogue for each grouping. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers: dict[Grouping, _TableReader] = {}

    def at(self, connection: Connection, grouping: Grouping) -> FacetTable:
        """Return the table of the moment that the connection sees; of a table in memory, only changes are read."""
        revision = state_in(connection).revision
        with self._lock:
            reader = self._readers.setdefault(grouping, _TableReader(grouping))
            if reader.table.revision > revision:  # the connection sees an earlier moment
                reader = _TableReader(grouping)
            if reader.table.revision < revision:
                reader.read_changes(connection, revision)
            return reader.table


class _TableReader:
    """Reader of a table and of the changes after it. Texts become numbers, in the order of their first products."""

    def __init__(self, grouping: Grouping) -> None:
        self._grouping = grouping
        self._categories: dict[str | None, int] = {}
        self._currencies: dict[str | None, int] = {}
        self._labels: dict[int, tuple[str, str, str]] = {}  # of traits, by the ids of their values
        # (6,N): revision, group, category, currency, price, and 1 if in stock; (2,T): revision and id of each trait
        self._columns, self._traits = np.zeros((6, 0), np.int64), np.zeros((2, 0), np.int64)
        self.table = self._make_table(0)

    def read_changes(self, connection: Connection, revision: int) -> None:
        """Replace the table by that of `revision`, which is the moment of the connection."""
        since = self.table.revision
        columns, pairs = self._read_columns(connection, since), self._read_traits(connection, since)
        if since:
            live = select(products.c.revision).where(LIVE, products.c.revision <= since)
            is_live = self.table.mask_of(connection.execute(live).scalars().all())
            has_live = is_live[np.searchsorted(self.table.revisions, self._traits[0])]
            columns = np.concatenate([self._columns[:, is_live], columns], 1)
            pairs = np.concatenate([self._traits[:, has_live], pairs], 1)
        self._columns, self._traits = columns, pairs
        self.table = self._make_table(revision)

    def _make_table(self, revision: int) -> FacetTable:
        revisions, groups, categories, currencies, prices, in_stock = self._columns
        priced = {name: (currencies == n) & (prices != _NO_PRICE) for name, n in self._currencies.items()}
        every = np.arange(len(revisions))
        is_used = np.bincount(self._traits[1]) > 0  # by the id of a value
        return FacetTable(
            revision=revision,
            revisions=revisions,
            in_stock=in_stock > 0,
            prices=prices,
            currencies=priced,
            groups=GroupCounter(np.zeros(len(every), np.int64), every, groups),
            priced={
                name: GroupCounter(np.zeros(mask.sum(), np.int64), every[mask], groups) for name, mask in priced.items()
            },
            categories=_categories(list(self._categories), categories, groups),
            traits=NamedValues(
                [self._labels[number] for number in np.flatnonzero(is_used).tolist()],
                (np.cumsum(is_used) - 1)[self._traits[1]],
                np.searchsorted(revisions, self._traits[0]),
                groups,
            ),
        )

    def _read_columns(self, connection: Connection, since: int) -> Rows:
        """Read the columns (6,n) of the products that changed after a revision, in the order of their revisions."""
        columns = products.c.revision, products.c.group_id, products.c.category, products.c.currency
        others = type_coerce(products.c.price, BigInteger), products.c.availability == "out_of_stock"
        has_source = self._grouping is Grouping.BY_ID_OR_PHOTO
        query = select(*columns, *others, photos.c.source if has_source else null())
        query = query.select_from(products.outerjoin(photos, IS_FIRST_PHOTO) if has_source else products)
        query = query.where(LIVE_BY_KEY, products.c.revision > since) if since else query.where(LIVE)
        parts = [np.zeros((6, 0), np.int64)]
        parts += [np.array([self._numbers_of(*row) for row in part], np.int64).T for part in _read(connection, query)]
        changed = np.concatenate(parts, 1)
        return changed[:, np.argsort(changed[0])]

    def _numbers_of(
        self,
        revision: int,
        group_id: str | None,
        category: str | None,
        currency: str | None,
        price: int | None,
        is_out_of_stock: bool | None,  # noqa: FBT001 - a column
        source: str | None,
    ) -> tuple[int, ...]:
        key = self._grouping.key(group_id, source)
        return (
            revision,
            revision if key is None else group_number(key),  # a product without a group is one of its own
            self._categories.setdefault(category, len(self._categories)),
            self._currencies.setdefault(currency, len(self._currencies)),
            _NO_PRICE if price is None else price,
            not is_out_of_stock,
        )

    def _read_traits(self, connection: Connection, since: int) -> Rows:
        """Read the traits (2,t) of the products that changed after a revision, and their labels."""
        query = select(traits.c.revision, traits.c.value_id).where(traits.c.revision > since)
        parts = [np.zeros((0, 2), np.int64)]
        for part in _read(connection, query):
            parts.append(np.fromiter(chain.from_iterable(part), np.int64, 2 * len(part)).reshape(-1, 2))
        pairs = np.concatenate(parts).T
        named = select(trait_values.c.id, trait_values.c.name, trait_values.c.key, trait_values.c.value)
        for chunk in chunks(np.unique(pairs[1]).tolist()):
            for number, *label in connection.execute(named.where(is_any_of(trait_values.c.id, chunk))):
                self._labels[number] = (label[0], label[1], label[2])
        return pairs


def _read(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Any]]:
    yield from connection.execution_options(yield_per=_ROWS).execute(query).partitions()


def _categories(paths: Sequence[str | None], numbers: Rows, groups: Rows) -> NamedValues:
    """Return the categories of products and all above them, from paths and the number (N,) of each product's path."""
    labels: dict[str, int] = {}
    by_path = [
        [labels.setdefault(part, len(labels)) for part in accumulate(path.split(" > "), "{} > {}".format)]
        if path
        else []
        for path in paths
    ]
    depths = np.array([len(parts) for parts in by_path], np.int64)
    flat = np.array([number for parts in by_path for number in parts], np.int64)
    starts = np.cumsum(depths) - depths
    counts = depths[numbers]
    rows = np.repeat(np.arange(len(numbers)), counts)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return NamedValues(
        [("", label.casefold(), label) for label in labels],
        flat[np.repeat(starts[numbers], counts) + within],
        rows,
        groups,
    )

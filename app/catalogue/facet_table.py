"""What facets count, as arrays in memory: groups, categories, traits, prices and stock of all products of one revision.

The same counts in SQL compare texts and sort them, for each facet again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, Connection, Select, null, select, type_coerce

from app.core.arrays import Mask, Rows
from app.database.filter_conditions import LIVE
from app.database.rows import state_in
from app.database.tables import IS_FIRST_PHOTO, photos, products, trait_values, traits
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

    revision: int
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
        self._tables: dict[Grouping, FacetTable] = {}

    def at(self, connection: Connection, grouping: Grouping) -> FacetTable:
        """Return the table of the moment that the connection sees, and read it if the catalogue has changed."""
        table, revision = self._tables.get(grouping), state_in(connection).revision
        if table is None or table.revision != revision:
            self._tables[grouping] = table = _read_table(connection, grouping, revision)
        return table


def _read_table(connection: Connection, grouping: Grouping, revision: int) -> FacetTable:
    columns = products.c.revision, products.c.group_id, products.c.category, products.c.currency
    others = type_coerce(products.c.price, BigInteger), products.c.availability == "out_of_stock"
    source = photos.c.source if grouping is Grouping.BY_ID_OR_PHOTO else null()
    joined = products.outerjoin(photos, IS_FIRST_PHOTO) if grouping is Grouping.BY_ID_OR_PHOTO else products
    reader = _ColumnReader(grouping)
    for part in _read_parts(connection, select(*columns, *others, source).select_from(joined).where(LIVE)):
        reader.add(*zip(*part, strict=True))
    order = np.argsort(reader.array("revisions"))
    revisions, groups = reader.array("revisions")[order], reader.array("groups")[order]
    groups = np.where(groups < 0, -revisions, groups)  # a product without a group is one of its own
    prices, currency_of = reader.array("prices")[order], reader.array("currencies")[order]
    priced = {name: (currency_of == n) & (prices != _NO_PRICE) for name, n in reader.currencies.items()}
    every = np.arange(len(revisions))
    return FacetTable(
        revision=revision,
        revisions=revisions,
        in_stock=reader.array("in_stock")[order] > 0,
        prices=prices,
        currencies=priced,
        groups=GroupCounter(np.zeros(len(every), np.int64), every, groups),
        priced={
            name: GroupCounter(np.zeros(mask.sum(), np.int64), every[mask], groups) for name, mask in priced.items()
        },
        categories=_categories(list(reader.categories), reader.array("categories")[order], groups),
        traits=_read_traits(connection, revisions, groups),
    )


def _read_parts(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Any]]:
    yield from connection.execution_options(yield_per=_ROWS).execute(query).partitions()


class _ColumnReader:
    """Columns of products as arrays, read in parts. Texts become numbers, in the order of their first products."""

    def __init__(self, grouping: Grouping) -> None:
        self._grouping = grouping
        self._parts: dict[str, list[Rows]] = {
            name: [np.zeros(0, np.int64)]
            for name in ("revisions", "groups", "categories", "currencies", "prices", "in_stock")
        }
        self._groups: dict[str | None, int] = {}
        self.categories: dict[str | None, int] = {}
        self.currencies: dict[str | None, int] = {}

    def add(
        self,
        revisions: Sequence[int],
        group_ids: Sequence[str | None],
        categories: Sequence[str | None],
        currencies: Sequence[str | None],
        prices: Sequence[int | None],
        out_of_stock: Sequence[bool | None],
        sources: Sequence[str | None],
    ) -> None:
        """Add the columns of some products."""
        keys = map(self._grouping.key, group_ids, sources)
        groups = (-1 if key is None else self._groups.setdefault(key, len(self._groups)) for key in keys)
        columns: dict[str, Iterable[int]] = {
            "revisions": revisions,
            "groups": groups,
            "categories": (self.categories.setdefault(name, len(self.categories)) for name in categories),
            "currencies": (self.currencies.setdefault(name, len(self.currencies)) for name in currencies),
            "prices": (_NO_PRICE if price is None else price for price in prices),
            "in_stock": (not value for value in out_of_stock),
        }
        for name, values in columns.items():
            self._parts[name].append(np.fromiter(values, np.int64, len(revisions)))

    def array(self, name: str) -> Rows:
        """Return a column (N,) of all products."""
        return np.concatenate(self._parts[name])


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


def _read_traits(connection: Connection, revisions: Rows, groups: Rows) -> NamedValues:
    """Read the traits of the products with these revisions (N,), ascending."""
    named = select(trait_values.c.id, trait_values.c.name, trait_values.c.key, trait_values.c.value)
    labels = {number: label for number, *label in connection.execute(named)}
    places = {number: place for place, number in enumerate(labels)}
    pairs = [np.zeros((0, 2), np.int64)]
    for part in _read_parts(connection, select(traits.c.revision, traits.c.value_id)):
        owners, numbers = zip(*part, strict=True)
        pairs.append(np.array([owners, [places[number] for number in numbers]], np.int64).T)
    owners, numbers = np.concatenate(pairs).T
    rows = np.searchsorted(revisions, owners)
    return NamedValues([(name, key, value) for name, key, value in labels.values()], numbers, rows, groups)

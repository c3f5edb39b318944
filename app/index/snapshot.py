"""Immutable view of a gallery for one search: its segments and their live rows at one revision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from app.core.arrays import Embeddings, Rows
from app.index.first_stage.groups import NO_GROUPS, Groups
from app.index.first_stage.index_snapshot import LEAST, SAMPLE, MeanKey
from app.index.first_stage.passing import Passing
from app.index.gpu import Gpu
from app.index.mmap_prefetch import gather_rows
from app.index.part import Part

_PHOTOS_PER_CHANGE = 20  # a sample is taken again when there are fewer photos than this per change since


@dataclass(frozen=True)
class Snapshot:
    """Whole gallery at one revision. Row numbers continue from part to part; dead rows are not returned."""

    revision: int
    parts: tuple[Part, ...]
    gpu: Gpu | None = None  # searches the parts that it supports
    groups: Groups = NO_GROUPS  # of its products
    earlier_means: tuple[MeanKey, ...] = ()  # `means` of a snapshot before it

    @property
    def size(self) -> int:
        """Number of products with live rows."""
        return sum(part.products for part in self.parts)

    @cached_property
    def photos(self) -> int:
        """Number of photos of these products."""
        return sum(part.size for part in self.parts)

    @property
    def knows_deletions(self) -> bool:
        """True: dead rows are not returned."""
        return True

    def live_revisions(self) -> Rows:
        """Return the revisions (N,) of all products, ascending."""
        return np.unique(np.concatenate([np.zeros(0, np.int64), *(p.segment.revisions[p.live] for p in self.parts)]))

    @cached_property
    def sample(self) -> Embeddings:
        """Embeddings (n,D) of at most SAMPLE photos spread over the gallery, always the same ones of a snapshot."""
        rows = np.flatnonzero(np.concatenate([part.live for part in self.parts]))
        return self.embeddings(rows[np.linspace(0, len(rows) - 1, min(SAMPLE, len(rows))).astype(np.int64)])

    @cached_property
    def mean(self) -> MeanKey:
        """Mean of the sample's keys, or of an earlier snapshot's as long as little has changed since."""
        if self.photos < LEAST:
            return MeanKey(None, self.revision)
        earlier = self.earlier_means[0] if self.earlier_means else MeanKey(None, 0)
        if earlier.key is not None and self.revision - earlier.revision < self.photos // _PHOTOS_PER_CHANGE:
            return earlier
        with torch.inference_mode():
            keys = self.parts[0].segment.distance.key(torch.from_numpy(self.sample).double())
        return MeanKey(np.asarray(keys.mean(0).numpy()), self.revision)

    @cached_property
    def mirrored(self) -> Snapshot | None:
        """The same rows for the photos' mirror images, None unless photos are embedded both ways round."""
        mirrored = [part.mirrored() for part in self.parts if part.mirror is not None]
        if not mirrored:
            return None
        return Snapshot(self.revision, tuple(mirrored), self.gpu, self.groups, self.earlier_means[1:])

    @property
    def means(self) -> tuple[MeanKey, ...]:
        """The mean of the photos, and that of their mirror images if they are embedded too."""
        return (self.mean,) if self.mirrored is None else (self.mean, self.mirrored.mean)

    def candidates(self, queries: Embeddings, n: int, passing: Passing | None = None) -> Rows:
        """Find rows (B,n) of the products nearest to queries (B,Q) by the search form, padded with -1.

        They are ordered nearest first, with the nearest photo of each product. With `passing`, only those products
        are searched. Fewer than n are returned only if the gallery has fewer.
        """
        revisions = None if passing is None or passing.is_everything else passing.revisions
        if self.photos == self.size:
            return self._find_photos(queries, n, revisions)
        n_photos = n * -(-self.photos // self.size)
        while True:
            rows = self._find_photos(queries, n_photos, revisions)
            products = np.stack([self._keep_first_rows(of_query, n) for of_query in rows])
            if (products >= 0).all() or (rows[:, -1] < 0).all() or n_photos >= self.photos:
                return products
            n_photos *= 2

    def _find_photos(self, queries: Embeddings, n: int, revisions: Rows | None) -> Rows:
        """Find rows (B,n) of the nearest photos, padded with -1."""
        products = [np.full((len(queries), n), -np.inf, np.float32)]
        rows = [np.full((len(queries), n), -1, np.int64)]
        start = 0
        for part in self.parts:
            part_products, places = part.segment.nearest(queries, n, part.allowed(revisions), self.gpu)
            products.append(part_products)
            rows.append(places + start)
            start += len(part.segment)
        order = np.argsort(-np.concatenate(products, 1), axis=1, kind="stable")[:, :n]
        return np.take_along_axis(np.concatenate(rows, 1), order, axis=1)

    def _keep_first_rows(self, rows: Rows, n: int) -> Rows:
        """Keep (n,) the first row of each product, in their order, padded with -1."""
        rows = rows[rows >= 0]
        _, first = np.unique(self.revisions(rows), return_index=True)
        firsts = rows[np.sort(first)[:n]]
        return np.pad(firsts, (0, n - len(firsts)), constant_values=-1)

    def photos_of(self, rows: Rows) -> Rows:
        """Return all rows of the products that rows (N,) belong to."""
        return rows if self.photos == self.size else self.rows_of(np.unique(self.revisions(rows)))

    def rows_of(self, revisions: Rows) -> Rows:
        """Return all live rows of the products with revisions (N,), those of a product in sequence."""
        part_rows, start = [np.zeros(0, np.int64)], 0
        for part in self.parts:
            rows = part.segment.rows_of(revisions)
            part_rows.append(rows[part.live[rows]] + start)
            start += len(part.segment)
        return np.concatenate(part_rows)

    def embeddings(self, rows: Rows) -> Embeddings:
        """Return the full-precision embeddings (N,D) of rows (N,)."""
        return self._gather([part.segment.embeddings for part in self.parts], rows)

    def revisions(self, rows: Rows) -> Rows:
        """Return the revisions (N,) of rows (N,), by which the catalogue knows their products."""
        return self._gather([part.segment.revisions for part in self.parts], rows)

    def positions(self, rows: Rows) -> Rows:
        """Return the position (N,) of each of rows (N,) among the photos of its product, from 0."""
        return self._gather([part.segment.positions for part in self.parts], rows)

    def _gather(self, arrays: Sequence[NDArray[Any]], rows: Rows) -> NDArray[Any]:
        if len(arrays) == 1:
            return gather_rows(arrays[0], rows)
        ends = np.cumsum([len(array) for array in arrays])
        owners = np.searchsorted(ends, rows, side="right")
        result = np.empty((len(rows), *arrays[0].shape[1:]), arrays[0].dtype)
        for owner in np.unique(owners):
            is_owned = owners == owner
            result[is_owned] = gather_rows(arrays[owner], rows[is_owned] - (ends[owner] - len(arrays[owner])))
        return result

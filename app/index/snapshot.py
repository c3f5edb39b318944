"""What one search sees of a gallery while that moves on: segments, and which of their rows still count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from app.core.arrays import Embeddings, Mask, Rows
from app.index.gpu import Gpu
from app.index.index_spec import IndexSpec
from app.index.mmap_prefetch import gather_rows
from app.index.scratch_array import allocate_array
from app.index.segment import Segment, batches

SAMPLE = 1000  # photos that stand for all of a gallery
LEAST = 100  # photos: in a smaller gallery the fifth nearest is far, whatever is drawn


@dataclass(frozen=True)
class Part:
    """A segment as one snapshot sees it: live (N,) tells the rows not replaced or deleted since.

    Of one product, all rows are in one part, and all of them are live or none.
    """

    segment: Segment
    live: Mask

    @staticmethod
    def whole(segment: Segment) -> Part:
        """A segment all of whose rows are live."""
        return Part(segment, np.ones(len(segment), bool))

    @cached_property
    def size(self) -> int:
        """Number of live rows."""
        return int(self.live.sum())

    @cached_property
    def products(self) -> int:
        """Number of products that have live rows."""
        return len(np.unique(self.segment.revisions[self.live]))

    def without(self, revisions: Rows) -> Part:
        """The same with these rows dead too."""
        rows = self.segment.rows_of(revisions)
        if not rows.size:
            return self
        live = self.live.copy()
        live[rows] = False
        return Part(self.segment, live)

    def allowed(self, revisions: Rows | None) -> Mask:
        """(N,) the live rows, or those of them that `revisions` name."""
        if revisions is None:
            return self.live
        named = np.zeros(len(self.segment), bool)
        named[self.segment.rows_of(revisions)] = True
        return named & self.live


def merge(parts: Sequence[Part], recipe: IndexSpec) -> Part:
    """One indexed part of the live rows of at least one, oldest first."""
    joined = join(parts, recipe.scratch).segment
    return Part.whole(Segment.build(joined.distance, joined.embeddings, joined.revisions, recipe))


def join(parts: Sequence[Part], scratch: Path | None) -> Part:
    """One part, not indexed yet, of the live rows of at least one. What is large lies in a file in `scratch`."""
    distance = parts[0].segment.distance
    embeddings = allocate_array((sum(part.size for part in parts), distance.dim), scratch)
    start = 0
    for part in parts:
        for rows in batches(np.flatnonzero(part.live)):
            embeddings[start : start + len(rows)] = part.segment.embeddings[rows]
            start += len(rows)
    revisions = np.concatenate([part.segment.revisions[part.live] for part in parts])
    return Part.whole(Segment(embeddings, revisions, None, distance))


def newer_rows(parts: Sequence[Part], revision: int, scratch: Path | None) -> Part | None:
    """One part, not indexed yet, of the live rows of changes after `revision`; None when there are none."""
    chosen = [Part(part.segment, part.live & (part.segment.revisions > revision)) for part in parts]
    chosen = [part for part in chosen if part.size]
    return join(chosen, scratch) if chosen else None


def add(parts: Sequence[Part], new: Part, recipe: IndexSpec) -> list[Part]:
    """Parts with newer rows after them; only the oldest part is indexed by `recipe`, the others are Flat.

    Sizes more than halve from part to part, so there are few parts and a row is seldom copied.
    """
    kept = [part for part in parts if part.size]
    run = [new] if new.size else []
    while kept and run and kept[-1].size <= 2 * sum(part.size for part in run):
        run.insert(0, kept.pop())
    if run:
        return [*kept, merge(run, recipe.flat() if kept else recipe)]
    if not kept:
        return [merge([new], recipe)]  # empty, but something to search in
    recipes = [recipe, *[recipe.flat()] * (len(kept) - 1)]
    pairs = zip(kept, recipes, strict=True)
    return [part if 2 * part.size > len(part.live) else merge([part], how) for part, how in pairs]


@dataclass(frozen=True)
class Snapshot:
    """All of a gallery as of one revision. Rows are numbered through its parts; dead ones are not returned."""

    revision: int
    parts: tuple[Part, ...]
    gpu: Gpu | None = None  # where they are searched, as far as it can

    @property
    def size(self) -> int:
        """How many products can be found."""
        return sum(part.products for part in self.parts)

    @cached_property
    def photos(self) -> int:
        """How many photos these have."""
        return sum(part.size for part in self.parts)

    @cached_property
    def sample(self) -> Embeddings:
        """Embeddings (n,D) of photos all over the gallery, at most SAMPLE of them: the same for the same snapshot."""
        rows = np.flatnonzero(np.concatenate([part.live for part in self.parts]))
        return self.embeddings(rows[np.linspace(0, len(rows) - 1, min(SAMPLE, len(rows))).astype(np.int64)])

    @cached_property
    def mean_key(self) -> NDArray[np.float64] | None:
        """(D+1,) the mean of the sample's keys; None of a sample that is too small to tell anything."""
        if len(self.sample) < LEAST:
            return None
        with torch.inference_mode():
            keys = self.parts[0].segment.distance.key(torch.from_numpy(self.sample).double())
        return np.asarray(keys.mean(0).numpy())

    def candidates(self, queries: Embeddings, n: int, revisions: Rows | None = None) -> Rows:
        """Rows (B,n) of the products nearest to queries (B,Q) by the search form, nearest first, -1 padded.

        Each product is there once, by its nearest photo. With `revisions`, only those products are; fewer than n come
        back only when there are fewer.
        """
        if self.photos == self.size:
            return self._nearest(queries, n, revisions)
        wanted = n * -(-self.photos // self.size)
        while True:
            rows = self._nearest(queries, wanted, revisions)
            found = np.stack([self._once(each, n) for each in rows])
            if (found >= 0).all() or (rows[:, -1] < 0).all() or wanted >= self.photos:
                return found
            wanted *= 2

    def _nearest(self, queries: Embeddings, n: int, revisions: Rows | None) -> Rows:
        """Rows (B,n) of the nearest photos, -1 padded."""
        products = [np.full((len(queries), n), -np.inf, np.float32)]
        rows = [np.full((len(queries), n), -1, np.int64)]
        start = 0
        for part in self.parts:
            found, places = part.segment.nearest(queries, n, part.allowed(revisions), self.gpu)
            products.append(found)
            rows.append(places + start)
            start += len(part.segment)
        order = np.argsort(-np.concatenate(products, 1), axis=1, kind="stable")[:, :n]
        return np.take_along_axis(np.concatenate(rows, 1), order, axis=1)

    def _once(self, rows: Rows, n: int) -> Rows:
        """(n,) the first row of each product, in their order, -1 padded."""
        rows = rows[rows >= 0]
        _, first = np.unique(self.revisions(rows), return_index=True)
        kept = rows[np.sort(first)[:n]]
        return np.pad(kept, (0, n - len(kept)), constant_values=-1)

    def photos_of(self, rows: Rows) -> Rows:
        """All rows of the products that rows (N,) belong to."""
        if self.photos == self.size:
            return rows
        revisions, found, start = np.unique(self.revisions(rows)), [], 0
        for part in self.parts:
            found.append(part.segment.rows_of(revisions) + start)
            start += len(part.segment)
        return np.concatenate(found)

    def embeddings(self, rows: Rows) -> Embeddings:
        """Full-precision embeddings (N,D) of rows (N,)."""
        return self._gather([part.segment.embeddings for part in self.parts], rows)

    def revisions(self, rows: Rows) -> Rows:
        """Revisions (N,) of rows (N,): by these the catalogue knows their products."""
        return self._gather([part.segment.revisions for part in self.parts], rows)

    def positions(self, rows: Rows) -> Rows:
        """Which of its product's photos each of rows (N,) is, from 0."""
        return self._gather([part.segment.positions for part in self.parts], rows)

    def _gather(self, arrays: Sequence[NDArray[Any]], rows: Rows) -> NDArray[Any]:
        if len(arrays) == 1:
            return gather_rows(arrays[0], rows)
        ends = np.cumsum([len(array) for array in arrays])
        owners = np.searchsorted(ends, rows, side="right")
        result = np.empty((len(rows), *arrays[0].shape[1:]), arrays[0].dtype)
        for owner in np.unique(owners):
            mine = owners == owner
            result[mine] = gather_rows(arrays[owner], rows[mine] - (ends[owner] - len(arrays[owner])))
        return result

"""Immutable pieces of a gallery that are searched together: what one search sees while the gallery moves on.

A segment holds the embeddings of some products' photos and a FAISS index over their keys, a row for each photo. Rows
are ordered by revision, and those of one product by the photos' order; a revision belongs to one state of one product,
so it is the name of its rows for as long as that state lasts.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import faiss
import numpy as np

from app.core.arrays import Embeddings, Mask, Rows
from app.index import exact_scan as flat
from app.index.gpu import Gpu
from app.index.index_spec import IndexSpec, inverted_file
from app.index.metric_forms import Form, form_for, form_of, keys_of
from app.index.quantised_scan import QuantisedScan, quantise
from model.network.distances import Distance

FLAT = IndexSpec()

_BATCH = 16_384  # embeddings turned into keys at a time
_log = logging.getLogger(__name__)
_faiss: Any = faiss  # its annotations, where there are any, are those of C++ and do not hold


def batches(rows: Rows) -> Iterator[Rows]:
    """Rows (N,) a few at a time: as many as are held in memory at once."""
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH]


@dataclass(frozen=True)
class Segment:
    """Rows of a gallery: embeddings (N,D), revisions (N,) ascending with repeats, a FAISS index of them."""

    embeddings: Embeddings
    revisions: Rows
    index: Any  # faiss.Index (FAISS has no types), or None while the rows only wait to be merged
    distance: Distance

    @staticmethod
    def build(distance: Distance, embeddings: Embeddings, revisions: Rows, recipe: IndexSpec = FLAT) -> Segment:
        """Index embeddings by a recipe, or Flat where there are too few to train that."""
        form = form_for(distance, recipe.factory if len(embeddings) else FLAT.factory)
        index = (recipe if len(embeddings) else FLAT).make(form.dim, form.metric)
        try:
            if not index.is_trained:
                index.train(form.encode_keys(_sample(embeddings, recipe.training)))
        except RuntimeError as error:
            message = "index %s is Flat for now, as %d photos cannot train it: %s"
            _log.warning(message, recipe.factory, len(embeddings), error)
            form = form_for(distance, FLAT.factory)
            index = FLAT.make(form.dim, form.metric)
        for start in range(0, len(embeddings), _BATCH):
            index.add(form.encode_keys(embeddings[start : start + _BATCH]))
        return Segment(embeddings, revisions, index, distance)

    @cached_property
    def form(self) -> Form:
        """In which form the index holds the rows."""
        return form_of(self.distance, self.index)

    def __len__(self) -> int:
        return len(self.revisions)

    @cached_property
    def positions(self) -> Rows:
        """(N,) which of its product's photos each row is, from 0."""
        return np.arange(len(self)) - np.searchsorted(self.revisions, self.revisions)

    def rows_of(self, revisions: Rows) -> Rows:
        """All rows of those products that are here; of one product they follow one another."""
        first = np.searchsorted(self.revisions, revisions)
        counts = np.searchsorted(self.revisions, revisions, side="right") - first
        before = np.cumsum(counts) - counts  # how many rows come before those of each product
        return np.repeat(first - before, counts) + np.arange(counts.sum())

    def nearest(self, queries: Embeddings, n: int, allowed: Mask, gpu: Gpu | None = None) -> tuple[Embeddings, Rows]:
        """Inner products (B,m) and rows (B,m), m <= n, of the n nearest allowed rows; -1 pads.

        A GPU is used where all rows are allowed: FAISS cannot leave any out there.
        """
        count = int(allowed.sum())
        n = min(n, count)
        if n == 0:
            return np.zeros((len(queries), 0), np.float32), np.zeros((len(queries), 0), np.int64)
        if count == len(self):
            products, rows = self.search(queries, n, _parameters(self.index, None), gpu)
        elif (keys := flat.keys_in(self.index)) is not None:
            return self._through_all(keys, queries, n, allowed)
        elif (parameters := _parameters(self.index, _selector(allowed))) is not None:
            products, rows = self.search(queries, n, parameters)
        else:
            return self.scan(queries, n, np.flatnonzero(allowed))
        if (rows < 0).any() and count > _BATCH and inverted_file(self.index) is not None:
            selector = _selector(allowed) if count < len(self) else None
            products, rows = self.search(queries, n, _parameters(self.index, selector, everywhere=True))
        if (rows < 0).any():  # an approximate index that looked in too few places
            return self.scan(queries, n, np.flatnonzero(allowed))
        return products, rows

    def search(
        self, queries: Embeddings, n: int, parameters: Any = None, gpu: Gpu | None = None
    ) -> tuple[Embeddings, Rows]:
        """What the index alone finds: inner products (B,n) and rows (B,n), -1 where it found less."""
        sought = self.form.encode_queries(queries)
        found = gpu.search(self.index, sought, n) if gpu else None
        if found is None and (keys := flat.keys_in(self.index)) is not None:
            found = self._through_all(keys, sought, n, np.ones(len(keys), bool))
        products, rows = found or self.index.search(sought, n, params=parameters)
        return self.form.inner_products(queries, products), rows

    def _through_all(self, keys: Embeddings, queries: Embeddings, n: int, allowed: Mask) -> tuple[Embeddings, Rows]:
        if (rough := self._rough) is not None and rough.is_for(n, allowed):
            return rough.nearest(queries, n, allowed)
        return flat.nearest(queries, n, flat.blocks_of(keys, allowed))

    def make_ready(self) -> None:
        """Make now what else the first search would wait for."""
        if self.index is not None:
            self._rough  # noqa: B018

    @cached_property
    def _rough(self) -> QuantisedScan | None:
        keys = flat.keys_in(self.index)
        return None if keys is None else quantise(keys)

    def scan(self, queries: Embeddings, n: int, rows: Rows) -> tuple[Embeddings, Rows]:
        """The n nearest of `rows`, exactly."""
        keys = ((keys_of(self.distance, self.embeddings[some]), some, None) for some in batches(rows))
        return flat.nearest(queries, n, keys)


def _sample(embeddings: Embeddings, n: int) -> Embeddings:
    """At most n of embeddings (N,D), from all over: the same each time."""
    if len(embeddings) <= n:
        return embeddings
    return embeddings[np.sort(np.random.default_rng(0).choice(len(embeddings), n, replace=False))]


def _selector(allowed: Mask) -> Any:
    return _faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))


def _parameters(index: Any, selector: Any, everywhere: bool = False) -> Any:
    """Search parameters that carry a selector to an index of this kind; None for kinds that FAISS cannot filter.

    With `everywhere`, an inverted file is searched in all of its lists.
    """
    index = _faiss.downcast_index(index)
    if isinstance(index, _faiss.IndexPreTransform):
        inner = _parameters(index.index, selector, everywhere)
        return inner and _faiss.SearchParametersPreTransform(index_params=inner)
    if isinstance(index, _faiss.IndexIVF):
        return _faiss.SearchParametersIVF(sel=selector, nprobe=index.nlist if everywhere else index.nprobe)
    if isinstance(index, _faiss.IndexHNSW):
        return _faiss.SearchParametersHNSW(sel=selector, efSearch=index.hnsw.efSearch)
    if isinstance(index, (_faiss.IndexFlat, _faiss.IndexScalarQuantizer)):
        return _faiss.SearchParameters(sel=selector)
    return None

"""Immutable segments of a gallery, which are searched together.

A segment holds the embeddings of some products' photos and a FAISS index over their keys, a row for each photo. Rows
are ordered by revision, and those of one product by the photos' order. A revision belongs to one state of one product,
so it identifies the rows of that state.
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
from app.index import exact_scan
from app.index.gpu import Gpu
from app.index.index_spec import IndexSpec, graph, inverted_file
from app.index.metric_forms import MetricForm, form_for, form_of, keys_of
from app.index.quantised_scan import QuantisedScan, quantise
from model.network.distances import Distance

FLAT = IndexSpec()

_BATCH = 16_384  # embeddings that are encoded as keys at a time
_SCANNED_PER_CANDIDATE = 2  # rows that are scanned in the time that a graph takes for each of its candidates
_log = logging.getLogger(__name__)
_faiss: Any = faiss  # its annotations come from C++ and are wrong


def batches(rows: Rows) -> Iterator[Rows]:
    """Yield rows (N,) in batches, which bound memory."""
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH]


@dataclass(frozen=True)
class Segment:
    """Rows of a gallery: embeddings (N,D), revisions (N,) ascending with repeats, and a FAISS index of them."""

    embeddings: Embeddings
    revisions: Rows
    index: Any  # faiss.Index (FAISS has no types), or None for rows that are yet to be merged
    distance: Distance

    @staticmethod
    def build(distance: Distance, embeddings: Embeddings, revisions: Rows, spec: IndexSpec = FLAT) -> Segment:
        """Index embeddings by a specification, or Flat if they are too few to train that."""
        form = form_for(distance, spec.factory if len(embeddings) else FLAT.factory)
        index = (spec if len(embeddings) else FLAT).make(form.dim, form.metric)
        try:
            if not index.is_trained:
                index.train(form.encode_keys(_take_sample(embeddings, spec.training)))
        except RuntimeError as error:
            message = "index %s is Flat for now, as %d photos cannot train it: %s"
            _log.warning(message, spec.factory, len(embeddings), error)
            form = form_for(distance, FLAT.factory)
            index = FLAT.make(form.dim, form.metric)
        for start in range(0, len(embeddings), _BATCH):
            index.add(form.encode_keys(embeddings[start : start + _BATCH]))
        return Segment(embeddings, revisions, index, distance)

    @cached_property
    def form(self) -> MetricForm:
        """Form in which the index holds the rows."""
        return form_of(self.distance, self.index)

    def __len__(self) -> int:
        return len(self.revisions)

    @cached_property
    def positions(self) -> Rows:
        """Position (N,) of each row among the photos of its product, from 0."""
        return np.arange(len(self)) - np.searchsorted(self.revisions, self.revisions)

    def rows_of(self, revisions: Rows) -> Rows:
        """Return the rows of the products that are in this segment, those of a product in sequence."""
        first = np.searchsorted(self.revisions, revisions)
        counts = np.searchsorted(self.revisions, revisions, side="right") - first
        before = np.cumsum(counts) - counts  # rows in the result before those of each product
        return np.repeat(first - before, counts) + np.arange(counts.sum())

    def nearest(self, queries: Embeddings, n: int, allowed: Mask, gpu: Gpu | None = None) -> tuple[Embeddings, Rows]:
        """Find the n nearest allowed rows: inner products (B,m) and rows (B,m), m <= n, padded with -1.

        A GPU is used only if all rows are allowed, since FAISS cannot filter there.
        """
        count = int(np.count_nonzero(allowed))
        n = min(n, count)
        if n == 0:
            return np.zeros((len(queries), 0), np.float32), np.zeros((len(queries), 0), np.int64)
        if graph(self.index) is not None:
            return self._search_graph(queries, n, allowed)
        if count == len(self):
            products, rows = self.search(queries, n, gpu=gpu)
        elif (keys := exact_scan.read_flat_keys(self.index)) is not None:
            return self._scan_all(keys, queries, n, allowed)
        elif (parameters := _make_parameters(self.index, _make_selector(allowed))) is not None:
            products, rows = self.search(queries, n, parameters)
        else:
            return self.scan(queries, n, np.flatnonzero(allowed))
        if (rows < 0).any() and count > _BATCH and inverted_file(self.index) is not None:
            selector = _make_selector(allowed) if count < len(self) else None
            products, rows = self.search(queries, n, _make_parameters(self.index, selector, all_lists=True))
        if (rows < 0).any():  # an approximate index that visited too few rows
            return self.scan(queries, n, np.flatnonzero(allowed))
        return products, rows

    def _search_graph(self, queries: Embeddings, n: int, allowed: Mask) -> tuple[Embeddings, Rows]:
        """Find the n nearest allowed rows by a graph, or by a scan of these rows if that is faster.

        A graph stops at the number of candidates that it keeps, whatever is asked for, and keeps rows that are not
        allowed too.
        """
        count = int(np.count_nonzero(allowed))
        width = -(-n * len(self) // count)
        if width * _SCANNED_PER_CANDIDATE < count:
            selector = _make_selector(allowed) if count < len(self) else None
            products, rows = self.search(queries, n, _make_parameters(self.index, selector, candidates=width))
            if (rows >= 0).all():  # photos that many products share can be out of the graph's reach
                return products, rows
        return self.scan(queries, n, np.flatnonzero(allowed))

    def search(
        self, queries: Embeddings, n: int, parameters: Any = None, gpu: Gpu | None = None
    ) -> tuple[Embeddings, Rows]:
        """Search the index alone: inner products (B,n) and rows (B,n), padded with -1."""
        encoded = self.form.encode_queries(queries)
        nearest = gpu.search(self.index, encoded, n) if gpu else None
        if nearest is None and (keys := exact_scan.read_flat_keys(self.index)) is not None:
            nearest = self._scan_all(keys, encoded, n, np.ones(len(keys), bool))
        if nearest is None:
            parameters = parameters or _make_parameters(self.index, None, candidates=n)
            nearest = self.index.search(encoded, n, params=parameters)
        scores, rows = nearest
        return self.form.inner_products(queries, scores), rows

    def _scan_all(self, keys: Embeddings, queries: Embeddings, n: int, allowed: Mask) -> tuple[Embeddings, Rows]:
        if (quantised := self._quantised) is not None and quantised.is_suitable(len(queries), n, allowed):
            return quantised.nearest(queries, n, allowed)
        return exact_scan.nearest(queries, n, exact_scan.split_blocks(keys, allowed))

    def make_ready(self) -> None:
        """Quantise the keys now, so that the first search does not wait for it."""
        if self.index is not None:
            self._quantised  # noqa: B018

    @cached_property
    def _quantised(self) -> QuantisedScan | None:
        keys = exact_scan.read_flat_keys(self.index)
        return None if keys is None else quantise(keys)

    def scan(self, queries: Embeddings, n: int, rows: Rows) -> tuple[Embeddings, Rows]:
        """Find the n nearest of `rows` exactly: inner products (B,n) and rows (B,n)."""
        blocks = ((keys_of(self.distance, self.embeddings[batch]), batch, None) for batch in batches(rows))
        return exact_scan.nearest(queries, n, blocks)


def _take_sample(embeddings: Embeddings, n: int) -> Embeddings:
    """Take at most n of embeddings (N,D), spread over all of them, with a fixed seed."""
    if len(embeddings) <= n:
        return embeddings
    return embeddings[np.sort(np.random.default_rng(0).choice(len(embeddings), n, replace=False))]


def _make_selector(allowed: Mask) -> Any:
    return _faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))


def _make_parameters(index: Any, selector: Any, *, all_lists: bool = False, candidates: int = 0) -> Any:
    """Make search parameters with a selector for an index of this kind; None for kinds that FAISS cannot filter.

    With `all_lists`, an inverted file is searched in all of its lists. A graph keeps at least `candidates`.
    """
    index = _faiss.downcast_index(index)
    if isinstance(index, _faiss.IndexPreTransform):
        inner = _make_parameters(index.index, selector, all_lists=all_lists, candidates=candidates)
        return inner and _faiss.SearchParametersPreTransform(index_params=inner)
    if isinstance(index, _faiss.IndexIVF):
        return _faiss.SearchParametersIVF(sel=selector, nprobe=index.nlist if all_lists else index.nprobe)
    if isinstance(index, _faiss.IndexHNSW):
        return _faiss.SearchParametersHNSW(sel=selector, efSearch=max(index.hnsw.efSearch, candidates))
    if isinstance(index, (_faiss.IndexFlat, _faiss.IndexScalarQuantizer)):
        return _faiss.SearchParameters(sel=selector)
    return None

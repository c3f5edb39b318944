"""Trials of one kind of index on a gallery's own embeddings: what it finds, how fast, and what it takes of memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
import torch

from app.core.arrays import Embeddings, Rows
from app.index import exact_scan as flat
from app.index.index_spec import DEFAULT_CANDIDATES, IndexSpec, Tuning, inverted_file, set_width
from app.index.metric_forms import form_for, keys_of
from app.index.mmap_prefetch import gather_rows
from app.index.segment import Segment, batches
from model.network.distances import Distance

NEAREST = 10  # of HOLEF's nearest photos, those that have to be found
_CANDIDATES = (DEFAULT_CANDIDATES, 2 * DEFAULT_CANDIDATES, 4 * DEFAULT_CANDIDATES, 8 * DEFAULT_CANDIDATES)
_TIMED = 40  # queries that are searched one by one, as a person sends them
_PART = 131_072  # photos that are searched one after the other to tell how long going through all takes
_LISTED = 64  # photos that each list of an inverted file is trained on


@dataclass(frozen=True)
class Trial:
    """A kind of index, set so that it finds enough as fast as it can, or else as much as it can.

    Time (of both sides with the exact distances to the candidates) and memory are shares of what going through
    all takes.
    """

    factory: str
    parameters: str
    training: int
    n_candidates: int
    recall: float
    time: float
    memory: float


class TrialBench:
    """Photos (N,D), queries (B,D) and, by going through all, the ten nearest photos of each."""

    def __init__(self, distance: Distance, embeddings: Embeddings, queries: Embeddings) -> None:
        self._distance, self._embeddings = distance, embeddings
        with torch.inference_mode():
            self._queries = distance.query(torch.from_numpy(queries)).numpy()
        self._truth = nearest(distance, embeddings, self._queries)
        self._rerank = {n: self._rerank_seconds(queries, n) for n in _CANDIDATES}
        self._flat = _flat_seconds(distance, embeddings, self._queries) + self._rerank[DEFAULT_CANDIDATES]

    def trial(self, factory: str, target: float) -> Trial:
        """The fastest setting of a kind of index that reaches a recall; else the one that finds most."""
        lists = _lists(factory, form_for(self._distance, factory).dim)
        training = min(len(self._embeddings), _LISTED * (lists or 1024))
        recipe = IndexSpec(factory, Tuning("", training, DEFAULT_CANDIDATES, 0, target, "", 0, ""))
        rows = np.arange(len(self._embeddings), dtype=np.int64)
        segment = Segment.build(self._distance, self._embeddings, rows, recipe)
        index = segment.index
        memory = size_of(index) / (4 * self._distance.search_dim * len(rows))
        seen: list[Trial] = []
        for parameters in _widths(index):
            set_width(index, parameters)
            found = segment.search(self._queries, min(_CANDIDATES[-1], len(rows)))[1]
            recalls = {n: self._recall(found[:, :n]) for n in _CANDIDATES}
            n = next((n for n in _CANDIDATES if recalls[n] >= target), _CANDIDATES[-1])
            share = (_median_seconds(segment, self._queries) + self._rerank[n]) / self._flat
            seen.append(Trial(factory, parameters, training, n, recalls[n], share, memory))
            if recalls[_CANDIDATES[0]] >= target:
                break  # a wider search takes longer, and needs as many candidates
        enough = [one for one in seen if one.recall >= target]
        return min(enough, key=lambda one: one.time) if enough else max(seen, key=lambda one: one.recall)

    def _recall(self, found: Rows) -> float:
        return float(np.mean([np.isin(one, some).mean() for one, some in zip(self._truth, found, strict=True)]))

    def _rerank_seconds(self, queries: Embeddings, n: int) -> float:
        """Median time of taking the exact distances to n photos that lie all over."""
        random, sketches, times = np.random.default_rng(0), torch.from_numpy(queries), []
        for number in range(_TIMED):
            rows = random.integers(len(self._embeddings), size=n)
            started = time.perf_counter()
            self._distance.pairwise(sketches[:1], torch.from_numpy(gather_rows(self._embeddings, rows)))
            times.append(time.perf_counter() - started if number else np.inf)
        return float(np.median(times))


def nearest(distance: Distance, embeddings: Embeddings, queries: Embeddings, n: int = NEAREST) -> Rows:
    """Rows (B,n) of the nearest of embeddings (N,D) to queries (B,Q), by going through all, a few at a time."""
    keys = ((keys_of(distance, embeddings[some]), some, None) for some in batches(np.arange(len(embeddings))))
    return flat.nearest(queries, min(n, len(embeddings)), keys)[1]


def size_of(index: Any) -> int:
    """Bytes that an index takes: codes, and what finds them."""
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexPreTransform):
        return size_of(index.index)
    if isinstance(index, faiss.IndexIVF):
        return int(index.ntotal * (index.code_size + 8) + index.nlist * index.d * 4)
    return int(index.ntotal * index.sa_code_size())


def _flat_seconds(distance: Distance, embeddings: Embeddings, queries: Embeddings) -> float:
    """Time of one search through all, told by one through a part: it grows as the number of photos does."""
    part = np.asarray(embeddings[:_PART])
    flat = Segment.build(distance, part, np.arange(len(part), dtype=np.int64))
    return _median_seconds(flat, queries) * len(embeddings) / len(part)


def _median_seconds(segment: Segment, queries: Embeddings) -> float:
    """Median time of a search for the usual number of candidates."""
    times = []
    for query in queries[:_TIMED]:
        started = time.perf_counter()
        segment.search(query[None], DEFAULT_CANDIDATES)
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def _lists(factory: str, dim: int) -> int:
    inverted = inverted_file(IndexSpec(factory).make(dim))
    return inverted.nlist if inverted is not None else 0


def _widths(index: Any) -> Iterator[str]:
    """Settings of an index from the narrowest search to the widest that may be worth it."""
    inverted = inverted_file(index)
    if inverted is not None:
        steps = sorted({step for power in range(32) for step in (2**power, 3 * 2**power) if step <= inverted.nlist})
        for step in steps:
            yield f"nprobe={step}"
    else:
        yield ""

"""Measurements of one kind of index on a gallery's own embeddings: recall, time and memory."""

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

NEAREST = 10  # photos, by exact distance, that a search should find
_CANDIDATES = (DEFAULT_CANDIDATES, 2 * DEFAULT_CANDIDATES, 4 * DEFAULT_CANDIDATES, 8 * DEFAULT_CANDIDATES)
_TIMED = 40  # queries that are searched one at a time, as users send them
_PART = 131_072  # photos that are scanned to estimate the time of a scan of all
_LISTED = 64  # training photos per list of an inverted file


@dataclass(frozen=True)
class Trial:
    """Measurement of a kind of index in its fastest setting with enough recall, or else with the most recall.

    `time` and `memory` are shares of those of a Flat index. Times include the exact re-ranking of the candidates.
    """

    factory: str
    parameters: str
    training: int
    n_candidates: int
    recall: float
    time: float
    memory: float


class TrialBench:
    """Photos (N,D), queries (B,D) and the ten nearest photos of each query, found by an exact scan."""

    def __init__(self, distance: Distance, embeddings: Embeddings, queries: Embeddings) -> None:
        self._distance, self._embeddings = distance, embeddings
        with torch.inference_mode():
            self._queries = distance.query(torch.from_numpy(queries)).numpy()
        self._truth = nearest(distance, embeddings, self._queries)
        self._rerank = {n: self._measure_rerank_seconds(queries, n) for n in _CANDIDATES}
        self._flat = _estimate_flat_seconds(distance, embeddings, self._queries) + self._rerank[DEFAULT_CANDIDATES]

    def trial(self, factory: str, target: float) -> Trial:
        """Measure the fastest setting of a kind of index with recall `target`, or else the one with the most recall."""
        lists = _count_lists(factory, form_for(self._distance, factory).dim)
        training = min(len(self._embeddings), _LISTED * (lists or 1024))
        tuning = Tuning(
            parameters="",
            training=training,
            n_candidates=DEFAULT_CANDIDATES,
            recall=0,
            target=target,
            queries="",
            revision=0,
            checkpoint="",
        )
        rows = np.arange(len(self._embeddings), dtype=np.int64)
        segment = Segment.build(self._distance, self._embeddings, rows, IndexSpec(factory, tuning))
        index = segment.index
        memory = size_of(index) / (4 * self._distance.search_dim * len(rows))
        trials: list[Trial] = []
        for parameters in _yield_search_widths(index):
            set_width(index, parameters)
            results = segment.search(self._queries, min(_CANDIDATES[-1], len(rows)))[1]
            recalls = {n: self._measure_recall(results[:, :n]) for n in _CANDIDATES}
            n = next((n for n in _CANDIDATES if recalls[n] >= target), _CANDIDATES[-1])
            share = (_measure_search_seconds(segment, self._queries) + self._rerank[n]) / self._flat
            trials.append(
                Trial(
                    factory=factory,
                    parameters=parameters,
                    training=training,
                    n_candidates=n,
                    recall=recalls[n],
                    time=share,
                    memory=memory,
                )
            )
            if recalls[_CANDIDATES[0]] >= target:
                break  # a wider search takes longer, and needs as many candidates
        sufficient = [trial for trial in trials if trial.recall >= target]
        if sufficient:
            return min(sufficient, key=lambda trial: trial.time)
        return max(trials, key=lambda trial: trial.recall)

    def _measure_recall(self, results: Rows) -> float:
        shares = [np.isin(expected, rows).mean() for expected, rows in zip(self._truth, results, strict=True)]
        return float(np.mean(shares))

    def _measure_rerank_seconds(self, queries: Embeddings, n: int) -> float:
        """Return the median time, in seconds, of the exact distances to n photos at random rows."""
        random, sketches, times = np.random.default_rng(0), torch.from_numpy(queries), []
        for number in range(_TIMED):
            rows = random.integers(len(self._embeddings), size=n)
            started = time.perf_counter()
            self._distance.pairwise(sketches[:1], torch.from_numpy(gather_rows(self._embeddings, rows)))
            times.append(time.perf_counter() - started if number else np.inf)
        return float(np.median(times))


def nearest(distance: Distance, embeddings: Embeddings, queries: Embeddings, n: int = NEAREST) -> Rows:
    """Return the rows (B,n) of the embeddings (N,D) nearest to queries (B,Q), by an exact scan in batches."""
    keys = ((keys_of(distance, embeddings[rows]), rows, None) for rows in batches(np.arange(len(embeddings))))
    return flat.nearest(queries, min(n, len(embeddings)), keys)[1]


def size_of(index: Any) -> int:
    """Return the size of an index in bytes: its codes and the lists that lead to them."""
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexPreTransform):
        return size_of(index.index)
    if isinstance(index, faiss.IndexIVF):
        return int(index.ntotal * (index.code_size + 8) + index.nlist * index.d * 4)
    return int(index.ntotal * index.sa_code_size())


def _estimate_flat_seconds(distance: Distance, embeddings: Embeddings, queries: Embeddings) -> float:
    """Estimate the time of one exact scan, in seconds, from a scan of a part. It grows linearly with the photos."""
    part = np.asarray(embeddings[:_PART])
    flat = Segment.build(distance, part, np.arange(len(part), dtype=np.int64))
    return _measure_search_seconds(flat, queries) * len(embeddings) / len(part)


def _measure_search_seconds(segment: Segment, queries: Embeddings) -> float:
    """Return the median time, in seconds, of a search for the default number of candidates."""
    times = []
    for query in queries[:_TIMED]:
        started = time.perf_counter()
        segment.search(query[None], DEFAULT_CANDIDATES)
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def _count_lists(factory: str, dim: int) -> int:
    inverted = inverted_file(IndexSpec(factory).make(dim))
    return inverted.nlist if inverted is not None else 0


def _yield_search_widths(index: Any) -> Iterator[str]:
    """Yield settings of an index from the narrowest search to the widest."""
    inverted = inverted_file(index)
    if inverted is not None:
        steps = sorted({step for power in range(32) for step in (2**power, 3 * 2**power) if step <= inverted.nlist})
        for step in steps:
            yield f"nprobe={step}"
    else:
        yield ""

"""Batches of prepared products, embedded ahead in the order of their source."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from app.catalogue.import_jobs import FeedProblem, ImportCounts
from app.core.arrays import Embeddings
from app.ingest.product_preparer import PreparedProduct

BATCH = 32  # products embedded together and written in one transaction
_NO_EMBEDDINGS = np.zeros((0, 0), np.float32)

Embed = Callable[[Sequence[PreparedProduct]], Embeddings]
"""Returns the embeddings (P,D) of the photos of products."""


class EmbeddedBatch(NamedTuple):
    """Products to be written together, with the embeddings (P,D) of their photos.

    `counts` are those of all outcomes up to the end of the batch, without the results of writes. A batch without
    products only tells these.
    """

    products: Sequence[PreparedProduct]
    embeddings: Embeddings
    counts: ImportCounts


def embed_ahead(
    pool: Executor,
    embed: Embed,
    outcomes: Iterable[PreparedProduct | FeedProblem],
    ahead: int,
    on_problem: Callable[[FeedProblem], object],
) -> Iterator[EmbeddedBatch]:
    """Yield the products of prepared items in batches of BATCH, in order. The pool embeds them.

    A batch is yielded as soon as its embeddings are there, or when more than `ahead` batches wait for theirs. After
    each outcome comes an empty batch, which tells how far the batches before it go. Problems are passed to
    `on_problem` at once, ahead of the batches, so that they need no memory here.
    """
    collector, waiting, reached = _Collector(on_problem), deque[_PendingBatch](), ImportCounts()
    for outcome in outcomes:
        collector.add(outcome)
        if len(collector.products) == BATCH:
            waiting.append(collector.start(pool, embed))
        while waiting and (len(waiting) > ahead or waiting[0].embeddings.done()):
            reached = waiting[0].counts
            yield waiting.popleft().wait()
        if not waiting and not collector.products:
            reached = collector.counts
        yield EmbeddedBatch((), _NO_EMBEDDINGS, reached)
    if collector.products:
        waiting.append(collector.start(pool, embed))
    while waiting:
        yield waiting.popleft().wait()
    yield EmbeddedBatch((), _NO_EMBEDDINGS, collector.counts)


class _PendingBatch(NamedTuple):
    """Batch that waits for its embeddings."""

    products: Sequence[PreparedProduct]
    embeddings: Future[Embeddings]
    counts: ImportCounts

    def wait(self) -> EmbeddedBatch:
        """Wait for the embeddings. Raises the error of computing them."""
        return EmbeddedBatch(self.products, self.embeddings.result(), self.counts)


class _Collector:
    """Products for the next batch, and the counts of all outcomes so far."""

    def __init__(self, on_problem: Callable[[FeedProblem], object]) -> None:
        self._on_problem = on_problem
        self.products: list[PreparedProduct] = []
        self.counts = ImportCounts()

    def add(self, outcome: PreparedProduct | FeedProblem) -> None:
        """Count an outcome, and collect its product if that has to be written."""
        self.counts = replace(self.counts, done=self.counts.done + 1)
        if isinstance(outcome, FeedProblem):
            self._report(outcome)
            return
        for failure in outcome.failures:
            self._report(FeedProblem(outcome.product.product_id, str(failure), "photo"))
        if outcome.is_unchanged:
            self.counts = replace(self.counts, unchanged=self.counts.unchanged + 1)
        else:
            self.products.append(outcome)

    def start(self, pool: Executor, embed: Embed) -> _PendingBatch:
        """Start to embed the collected products as one batch, and begin the next one."""
        batch = _PendingBatch(self.products, pool.submit(embed, self.products), self.counts)
        self.products = []
        return batch

    def _report(self, problem: FeedProblem) -> None:
        """Count and report a problem."""
        self.counts = replace(self.counts, problems=self.counts.problems + 1)
        self._on_problem(problem)

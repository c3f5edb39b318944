"""Batches of prepared products: embedded ahead, then written to the catalogue in the order of their source."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import NamedTuple

from app.catalogue.import_jobs import FeedProblem, ImportCounts
from app.core.arrays import Embeddings
from app.ingest.product_preparer import PreparedProduct

BATCH = 32  # products embedded together and written in one transaction


class _EmbeddedBatch(NamedTuple):
    prepared: list[PreparedProduct]
    embeddings: Future[Embeddings]
    submitted: ImportCounts  # of all outcomes up to the end of this batch


class OrderedBatchWriter:
    """Writer of batches of products. `written` counts the outcomes before the first that is not written yet.

    `embed` starts to compute the embeddings (P,D) of a batch's photos; at most `ahead` batches wait for theirs. `write`
    returns the products written, and a problem for each product that could not be.
    """

    def __init__(
        self,
        embed: Callable[[Sequence[PreparedProduct]], Future[Embeddings]],
        write: Callable[[Sequence[PreparedProduct], Embeddings], Sequence[PreparedProduct | FeedProblem]],
        ahead: int,
        on_problem: Callable[[FeedProblem], object],
    ) -> None:
        self._embed, self._write, self._ahead, self._on_problem = embed, write, ahead, on_problem
        self._collected: list[PreparedProduct] = []
        self._embedded: deque[_EmbeddedBatch] = deque()
        self._submitted = ImportCounts()  # without the results of writes
        self._added = self._updated = self._refused = 0  # results of writes
        self.written = ImportCounts()

    def submit(self, outcome: PreparedProduct | FeedProblem) -> None:
        """Count the outcome of preparing an item, and write the batches that are ready."""
        self._count(outcome)
        if len(self._collected) == BATCH:
            self._embed_collected()
        while self._embedded and (len(self._embedded) > self._ahead or self._embedded[0].embeddings.done()):
            self._write_oldest()
        if not self._collected and not self._embedded:
            self._set_written(self._submitted)

    def finish(self) -> None:
        """Write all remaining products."""
        if self._collected:
            self._embed_collected()
        while self._embedded:
            self._write_oldest()
        self._set_written(self._submitted)

    def _count(self, outcome: PreparedProduct | FeedProblem) -> None:
        """Count an outcome, and collect its product if that has to be written."""
        self._submitted = replace(self._submitted, done=self._submitted.done + 1)
        if isinstance(outcome, FeedProblem):
            self._report(outcome)
            return
        for failure in outcome.failures:
            self._report(FeedProblem(outcome.product.product_id, str(failure)))
        if outcome.is_unchanged:
            self._submitted = replace(self._submitted, unchanged=self._submitted.unchanged + 1)
        else:
            self._collected.append(outcome)

    def _report(self, problem: FeedProblem) -> None:
        """Count and report a problem."""
        self._submitted = replace(self._submitted, problems=self._submitted.problems + 1)
        self._on_problem(problem)

    def _embed_collected(self) -> None:
        """Start to embed the collected products as one batch."""
        self._embedded.append(_EmbeddedBatch(self._collected, self._embed(self._collected), self._submitted))
        self._collected = []

    def _write_oldest(self) -> None:
        """Wait for the embeddings of the oldest batch, and write it."""
        batch = self._embedded.popleft()
        for result in self._write(batch.prepared, batch.embeddings.result()):
            if isinstance(result, FeedProblem):
                self._refused += 1
                self._on_problem(result)
            elif result.old is None:
                self._added += 1
            else:
                self._updated += 1
        self._set_written(batch.submitted)

    def _set_written(self, submitted: ImportCounts) -> None:
        """Set the counts of written outcomes: those submitted up to a batch, and the results of all writes."""
        problems = submitted.problems + self._refused
        self.written = replace(submitted, added=self._added, updated=self._updated, problems=problems)

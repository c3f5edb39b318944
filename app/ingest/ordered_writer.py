"""Products on their way into the catalogue, in the order of their source: batches are embedded ahead, then written."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace

from app.catalogue.import_jobs import FeedProblem, ImportCounts
from app.core.arrays import Embeddings
from app.ingest.product_preparer import PreparedProduct

BATCH = 32  # products embedded at once and written in one transaction


class OrderedBatchWriter:
    """Takes what became of one item after the other; `written` counts those before the first that is not written yet.

    `embed` begins the embeddings (P,D) of a batch's photos; at most `ahead` batches wait for theirs. `write` returns
    what was written, and the problem of what could not be.
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
        self._embedded: deque[tuple[list[PreparedProduct], Future[Embeddings], ImportCounts]] = (
            deque()
        )  # counts of all up to it
        self._taken = ImportCounts()  # without those that are to be written
        self._new = self._changed = self._refused = 0  # products written, and those that could not be in the end
        self.written = ImportCounts()

    def submit(self, outcome: PreparedProduct | FeedProblem) -> None:
        """Count an outcome, and write what is ready."""
        self._count(outcome)
        if len(self._collected) == BATCH:
            self._begin()
        while self._embedded and (len(self._embedded) > self._ahead or self._embedded[0][1].done()):
            self._write_oldest()
        if not self._collected and not self._embedded:
            self._all_written(self._taken)

    def finish(self) -> None:
        """Write all that is left."""
        if self._collected:
            self._begin()
        while self._embedded:
            self._write_oldest()
        self._all_written(self._taken)

    def _count(self, outcome: PreparedProduct | FeedProblem) -> None:
        self._taken = replace(self._taken, done=self._taken.done + 1)
        if isinstance(outcome, FeedProblem):
            self._note(outcome)
            return
        for failure in outcome.failures:
            self._note(FeedProblem(outcome.product.product_id, str(failure)))
        if outcome.is_unchanged:
            self._taken = replace(self._taken, unchanged=self._taken.unchanged + 1)
        else:
            self._collected.append(outcome)

    def _note(self, problem: FeedProblem) -> None:
        self._taken = replace(self._taken, problems=self._taken.problems + 1)
        self._on_problem(problem)

    def _begin(self) -> None:
        self._embedded.append((self._collected, self._embed(self._collected), self._taken))
        self._collected = []

    def _write_oldest(self) -> None:
        prepared, embeddings, taken = self._embedded.popleft()
        for one in self._write(prepared, embeddings.result()):
            if isinstance(one, FeedProblem):
                self._refused += 1
                self._on_problem(one)
            elif one.old is None:
                self._new += 1
            else:
                self._changed += 1
        self._all_written(taken)

    def _all_written(self, taken: ImportCounts) -> None:
        problems = taken.problems + self._refused
        self.written = replace(taken, added=self._new, updated=self._changed, problems=problems)

"""Tests of the batches of an ingest: their order and counts, and how far ahead they are embedded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from typing import Any

import numpy as np
import pytest

from app.catalogue.import_jobs import FeedProblem, ImportCounts
from app.core.arrays import Embeddings
from app.ingest.batches import BATCH, EmbeddedBatch, embed_ahead
from app.ingest.product_preparer import Frame, PreparedProduct, ProductUpdate
from app.products.product import Product


class SteppedPool(Executor):
    """Pool whose work is done only when a test says so."""

    def __init__(self) -> None:
        self._pending: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Queue the work."""
        future: Future[Any] = Future()
        self._pending.append((future, lambda: function(*args, **kwargs)))
        return future

    def work(self) -> None:
        """Do the oldest work."""
        future, work = self._pending.pop(0)
        future.set_result(work())


def prepared(number: int, *, is_unchanged: bool = False) -> PreparedProduct:
    product = Product(f"p{number}", "P")
    views = (np.zeros(4, np.float32) if is_unchanged else Frame(np.zeros((1, 256, 256), np.uint8)),)
    return PreparedProduct(
        ProductUpdate(product.product_id, lambda old: product, None), product, product if is_unchanged else None, views
    )


def embed(products: Sequence[PreparedProduct]) -> Embeddings:
    """Return the products' numbers."""
    return np.array([[float(product.product.product_id[1:])] for product in products], np.float32)


def batches_of(
    outcomes: Iterator[PreparedProduct | FeedProblem], pool: Executor, problems: list[FeedProblem] | None = None
) -> Iterator[EmbeddedBatch]:
    return embed_ahead(pool, embed, outcomes, 2, (problems if problems is not None else []).append)


def test_an_unchanged_product_counts_at_once_unless_others_before_it_are_to_be_written() -> None:
    pool = SteppedPool()
    outcomes = (prepared(number, is_unchanged=number != 2) for number in range(4))
    batches = batches_of(outcomes, pool)
    steps = [next(batches) for _ in range(4)]
    assert [(len(step.products), step.counts.done) for step in steps] == [(0, 1), (0, 2), (0, 2), (0, 2)]
    with pytest.raises(IndexError):
        pool.work()  # the batch is not complete


def test_a_batch_is_written_when_it_is_embedded_and_the_pool_is_never_far_ahead() -> None:
    pool, taken = SteppedPool(), list[int]()

    def outcomes() -> Iterator[PreparedProduct]:
        for number in range(5 * BATCH):
            taken.append(number)
            if number == BATCH + 3:
                pool.work()
            yield prepared(number)

    batches = (batch for batch in batches_of(outcomes(), pool) if batch.products)
    first = next(batches)
    assert len(taken) == BATCH + 4 and first.counts == ImportCounts(BATCH)
    np.testing.assert_array_equal(first.embeddings[:, 0], np.arange(BATCH))
    with pytest.raises(TimeoutError):  # three batches wait, so the oldest is waited for
        _next_within(batches, 0.2)
    assert len(taken) == 4 * BATCH


def _next_within(batches: Iterator[EmbeddedBatch], seconds: float) -> None:
    """Take the next batch. Raises TimeoutError if it waits longer for its embeddings."""
    wait = Future.result
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Future, "result", lambda future, timeout=None: wait(future, seconds))
        next(batches)


def test_problems_are_told_at_once_and_count_with_their_batch() -> None:
    pool, problems = SteppedPool(), list[FeedProblem]()
    outcomes: list[PreparedProduct | FeedProblem] = [
        FeedProblem("line 1", "x"),
        prepared(0),
        FeedProblem("line 3", "y"),
    ]
    batches = batches_of(iter(outcomes), pool, problems)
    assert next(batches).counts == ImportCounts(1, problems=1) and len(problems) == 1
    assert [next(batches).counts.problems for _ in range(2)] == [1, 1] and len(problems) == 2
    with pytest.raises(TimeoutError):
        _next_within(batches, 0.1)


def test_the_rest_is_a_smaller_batch_and_the_end_has_all_counts() -> None:
    class HerePool(SteppedPool):
        def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future = super().submit(function, *args, **kwargs)
            self.work()
            return future

    outcomes = (prepared(number, is_unchanged=number % 3 == 0) for number in range(100))
    batches = list(batches_of(outcomes, HerePool()))
    written = [product.product.product_id for batch in batches for product in batch.products]
    assert written == [f"p{number}" for number in range(100) if number % 3]
    assert [len(batch.products) for batch in batches if batch.products] == [BATCH, BATCH, 66 - 2 * BATCH]
    assert batches[-1].counts == ImportCounts(100, unchanged=34)
    done = [batch.counts.done for batch in batches]
    assert done == sorted(done)

"""Batched searches of one runtime: each pending search becomes a query, then one search runs for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from app.search.results import SearchResult
from app.search.retriever import Retriever
from app.search.search_request import PendingSearch, PendingSimilar, PreparedQuery


def search_batch(
    retriever: Retriever, on_pass: Callable[[int], object], batch: Sequence[PendingSearch | PendingSimilar]
) -> list[SearchResult | Exception]:
    """Search for a batch; return a result or an error for each pending search.

    `on_pass` gets the number of queries that share the forward pass.
    """
    outcomes = [_prepare(pending, retriever) for pending in batch]
    prepared = [outcome for outcome in outcomes if isinstance(outcome, PreparedQuery)]
    if embedded := sum(isinstance(ready.query.views, list) for ready in prepared):
        on_pass(embedded)
    results = iter(retriever.search_all([ready.query for ready in prepared]))
    return [
        outcome if isinstance(outcome, Exception) else _with_preparation(outcome, next(results)) for outcome in outcomes
    ]


def _prepare(pending: PendingSearch | PendingSimilar, retriever: Retriever) -> PreparedQuery | Exception:
    try:
        return pending.prepare(retriever)
    except Exception as error:
        return error


def _with_preparation(prepared: PreparedQuery, result: SearchResult) -> SearchResult:
    timings = {"preprocess": prepared.preprocess_ms, **result.timings_ms}
    return replace(result, kind=prepared.kind, object=prepared.object, timings_ms=timings)

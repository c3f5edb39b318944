"""Batched searches of one runtime: each pending search becomes a query, then one search runs for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from app.search.listing import explanations
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
    plain = [explanations.without_rules(ready.query) for ready in prepared if ready.explain]
    found = retriever.search_all([*(ready.query for ready in prepared), *plain])
    results, without_rules = iter(found[: len(prepared)]), iter(found[len(prepared) :])
    grouping = retriever.gallery.grouping
    finished = list[SearchResult | Exception]()
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            finished.append(outcome)
            continue
        result = _with_preparation(outcome, next(results))
        if outcome.explain:
            result = explanations.explain(result, next(without_rules), outcome.query, grouping)
        finished.append(result)
    return finished


def _prepare(pending: PendingSearch | PendingSimilar, retriever: Retriever) -> PreparedQuery | Exception:
    try:
        return pending.prepare(retriever)
    except Exception as error:
        return error


def _with_preparation(prepared: PreparedQuery, result: SearchResult) -> SearchResult:
    timings = {"preprocess": prepared.preprocess_ms, **result.timings_ms}
    return replace(result, kind=prepared.kind, object=prepared.object, timings_ms=timings)

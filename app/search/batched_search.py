"""Batched searches of one runtime: preparation of each query, then one search for all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.database.read_limits import IsAbandoned
from app.decoding.framed_picture import FramedPicture
from app.search.results import Query, SearchResult
from app.search.retriever import Retriever
from model.preprocessing.picture_kind import Kind


@dataclass(frozen=True)
class PreparedQuery:
    """Query with the kind of its picture and the time that its preparation took."""

    query: Query
    kind: Kind = "sketch"
    preprocess_ms: float = 0.0


PrepareQuery = Callable[[], PreparedQuery]
"""Function called by the search thread. Raises the error for which the request is refused."""


def decode_then_query(
    decode: Callable[[], FramedPicture], query_of: Callable[[FramedPicture], Query], seconds: float = 0.0
) -> PrepareQuery:
    """Return a preparation that decodes a picture in the search thread; `seconds` were spent on it before."""

    def prepare() -> PreparedQuery:
        started = time.perf_counter()
        picture = decode()
        query = query_of(picture)
        return PreparedQuery(query, picture.kind, (time.perf_counter() - started + seconds) * 1000)

    return prepare


def abandon_when(is_abandoned: IsAbandoned, prepare: PrepareQuery) -> PrepareQuery:
    """Return the same preparation for a query whose reads are interrupted once its client has left."""

    def prepare_abandonable() -> PreparedQuery:
        prepared = prepare()
        return replace(prepared, query=replace(prepared.query, is_abandoned=is_abandoned))

    return prepare_abandonable


def search_batch(
    retriever: Retriever, on_pass: Callable[[int], object], batch: Sequence[PrepareQuery]
) -> list[SearchResult | Exception]:
    """Search for a batch; return a result or an error for each query.

    `on_pass` gets the number of queries that share the forward pass.
    """
    outcomes = [_prepare(prepare) for prepare in batch]
    prepared = [outcome for outcome in outcomes if isinstance(outcome, PreparedQuery)]
    if embedded := sum(isinstance(ready.query.views, list) for ready in prepared):
        on_pass(embedded)
    results = iter(retriever.search_all([ready.query for ready in prepared]))
    return [
        outcome if isinstance(outcome, Exception) else _with_preparation(outcome, next(results)) for outcome in outcomes
    ]


def _prepare(prepare: PrepareQuery) -> PreparedQuery | Exception:
    try:
        return prepare()
    except Exception as error:
        return error


def _with_preparation(prepared: PreparedQuery, result: SearchResult) -> SearchResult:
    timings = {"preprocess": prepared.preprocess_ms, **result.timings_ms}
    return replace(result, kind=prepared.kind, timings_ms=timings)

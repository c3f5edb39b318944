"""Searches of one Serving, made ready and computed together when their turn has come."""

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
class Ready:
    """A query, what kind of thing it is by, and how long it took to make it."""

    query: Query
    kind: Kind = "sketch"
    preprocess_ms: float = 0.0


MakeReady = Callable[[], Ready]
"""Called by the thread that searches; raises whatever the request is to be refused for."""


def by_picture(
    decode: Callable[[], FramedPicture], make: Callable[[FramedPicture], Query], spent: float = 0.0
) -> MakeReady:
    """A search by a picture that is decoded when its turn has come, `spent` seconds having gone into it before."""

    def ready() -> Ready:
        started = time.perf_counter()
        picture = decode()
        query = make(picture)
        return Ready(query, picture.kind, (time.perf_counter() - started + spent) * 1000)

    return ready


def until(is_abandoned: IsAbandoned, make: MakeReady) -> MakeReady:
    """The same search, whose reads are interrupted once no client waits for it."""

    def ready() -> Ready:
        made = make()
        return replace(made, query=replace(made.query, is_abandoned=is_abandoned))

    return ready


def search_together(
    retriever: Retriever, on_pass: Callable[[int], object], asked: Sequence[MakeReady]
) -> list[SearchResult | Exception]:
    """What each search finds, or why it is refused; `on_pass` is told how many are embedded in the one pass."""
    ready = [_made(make) for make in asked]
    good = [each for each in ready if isinstance(each, Ready)]
    if embedded := sum(isinstance(each.query.views, list) for each in good):
        on_pass(embedded)
    found = iter(retriever.search_all([each.query for each in good]))
    return [each if isinstance(each, Exception) else _told(each, next(found)) for each in ready]


def _made(make: MakeReady) -> Ready | Exception:
    try:
        return make()
    except Exception as error:
        return error


def _told(ready: Ready, found: SearchResult) -> SearchResult:
    timings = {"preprocess": ready.preprocess_ms, **found.timings_ms}
    return replace(found, kind=ready.kind, timings_ms=timings)

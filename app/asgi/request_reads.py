"""Limits of the reads that a request makes, for the routes that answer by reading."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

from fastapi import Depends, Request

from app.database.read_limits import ReadLimits
from app.serving.search_queue import left


async def limit_reads(request: Request) -> AsyncIterator[None]:
    """Limit the time of a request's reads, and interrupt them when the client disconnects.

    A disconnect is noticed on requests without a body alone: to wait for it would take the body away from the route.
    """
    limits: ReadLimits = request.app.state.reads
    abandoned = threading.Event()
    limits.apply(abandoned.is_set)
    if request.method not in ("GET", "HEAD"):
        yield
        return
    leaving = asyncio.ensure_future(left(request))
    leaving.add_done_callback(lambda _: abandoned.set())
    try:
        yield
    finally:
        leaving.cancel()


LimitedReads = Depends(limit_reads)

"""FastAPI dependencies that routes share."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from app.asgi.client_address import rate_limit_key
from app.asgi.disconnect import left
from app.asgi.errors import ApiError
from app.database.read_limits import ReadLimits
from app.serving.service import Service


async def service_of(request: Request) -> Service:
    """The service of the app that got a request. Raises ApiError not_ready while there is none."""
    service: Service | None = getattr(request.app.state, "service", None)
    if service is None:
        raise ApiError(503, "not_ready", "the gallery is not loaded yet: expected within seconds of the start")
    return service


ServiceOf = Annotated[Service, Depends(service_of)]


async def _has_room(request: Request, service: ServiceOf) -> None:
    service.queue.check(rate_limit_key(request.scope))


QueueHasRoom = Depends(_has_room)


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

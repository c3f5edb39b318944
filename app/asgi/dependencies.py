"""FastAPI dependencies of several routes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from app.asgi.client_address import rate_limit_key
from app.asgi.disconnect import wait_for_disconnect
from app.asgi.errors import ApiError
from app.database.read_limits import ReadLimits
from app.serving.service import Service


def service_of(request: Request) -> Service | None:
    """Return the service of the request's app, None until the gallery is loaded."""
    service: Service | None = getattr(request.app.state, "service", None)
    return service


def require_service(request: Request) -> Service:
    """Return the service of the request's app. Raises ApiError not_ready until the gallery is loaded."""
    service = service_of(request)
    if service is None:
        raise ApiError(503, "not_ready", "the gallery is not loaded yet: expected within seconds of the start")
    return service


async def _get_service(request: Request) -> Service:
    return require_service(request)


ServiceOf = Annotated[Service, Depends(_get_service)]
"""Dependency: the service of the request's app. FastAPI resolves it again for each dependency that has it, so those of
searches call require_service() instead."""


def session_of(request: Request) -> str | None:
    """Return the random id of the session of a request, which pages send where events are counted."""
    return request.headers.get("x-session")


async def _check_queue(request: Request) -> None:
    require_service(request).queue.check(rate_limit_key(request.scope))


QueueHasRoom = Depends(_check_queue)
"""Dependency: refuses a search before its body is read when the search queue is full."""


async def limit_reads(request: Request) -> AsyncIterator[None]:
    """Limit the time of a request's reads, and interrupt them when the client disconnects.

    Only requests without a body notice a disconnect: waiting for it would consume the body before the route does.
    """
    limits: ReadLimits = request.app.state.read_limits
    abandoned = threading.Event()
    limits.apply(abandoned.is_set)
    if request.method not in ("GET", "HEAD"):
        yield
        return
    disconnected = asyncio.ensure_future(wait_for_disconnect(request))
    disconnected.add_done_callback(lambda _: abandoned.set())
    try:
        yield
    finally:
        disconnected.cancel()


LimitedReads = Depends(limit_reads)

"""Rate limits of clients by the generic cell rate algorithm (GCRA)."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from app.asgi.client_address import rate_limit_key
from app.asgi.errors import retry_later_error

BURST = 10  # s: after this time without requests, a client may send the requests of this time at once
_MAX_CLIENTS = 50_000  # in memory, about 10 MB


class RateLimiter:
    """Limit of `per_second` requests per second and client, with bursts of BURST seconds' worth; 0 sets no limit.

    The limiter stores the time at which each client's bucket will be full again, which determines its content now.
    Times in the past hold no information and are dropped, as are the oldest beyond _MAX_CLIENTS.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = 1 / per_second if per_second else 0.0
        self._depth = max(BURST, self._interval)  # s: a bucket holds at least one request
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def acquire(self, client: str) -> float:
        """Count a request. Returns 0 if it is allowed, else the seconds until the client's next allowed request."""
        if not self._interval:
            return 0.0
        now = self._clock()
        full_at = max(self._full_at.get(client, now), now) + self._interval
        if full_at - now > self._depth + 1e-9:
            return full_at - now - self._depth
        self._full_at[client] = full_at
        self._full_at.move_to_end(client)
        self._drop_old(now)
        return 0.0

    def _drop_old(self, now: float) -> None:
        """Drop at most two clients that are past or too many. Calls add one client each, so two suffice."""
        for _ in range(2):
            oldest = next(iter(self._full_at))
            if self._full_at[oldest] > now and len(self._full_at) <= _MAX_CLIENTS:
                break
            del self._full_at[oldest]


class RateLimiters:
    """The rate limiters of one server process."""

    def __init__(self, searches: float, writes: float) -> None:
        self.searches, self.writes = RateLimiter(searches), RateLimiter(writes)
        self.events = RateLimiter(searches)  # a bucket of their own: events take nothing from searches


async def _check_search_rate(request: Request) -> None:
    _check_rate(request.app.state.rate_limiters.searches, request, "searches")


async def _check_write_rate(request: Request) -> None:
    _check_rate(request.app.state.rate_limiters.writes, request, "writes")


async def _check_event_rate(request: Request) -> None:
    _check_rate(request.app.state.rate_limiters.events, request, "events")


def _check_rate(limiter: RateLimiter, request: Request, what: str) -> None:
    """Count a request. Raises ApiError too_many_requests, with the time to wait."""
    wait = limiter.acquire(rate_limit_key(request.scope))
    if wait:
        seconds = math.ceil(wait)
        message = f"too many {what} from your address; try again in {seconds} s"
        raise retry_later_error(429, "too_many_requests", message, seconds)


SearchRate = Depends(_check_search_rate)
"""Dependency of routes that search: status 429 for clients over the limit."""
EventRate = Depends(_check_event_rate)
"""Dependency of the route for events: as many batches as searches."""
WriteRate = Annotated[None, Depends(_check_write_rate)]
"""Dependency of routes that write. WriteAccess includes it."""

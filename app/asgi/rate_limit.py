"""How many requests one client may make: a bucket for each, refilled at a steady rate."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from app.asgi.client_address import rate_limit_key
from app.asgi.errors import later

BURST = 10  # s: a client that was quiet for so long may make all the requests of that time at once
_MOST_CLIENTS = 50_000  # remembered at a time, some 10 MB


class RateLimiter:
    """At most so many requests a second from each client, BURST seconds' worth of them at once; 0 sets no limit.

    Kept for each is the time at which its bucket will be full again, since that tells all that is in it now. Times
    past tell nothing, so they are forgotten, and the oldest beyond _MOST_CLIENTS.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = 1 / per_second if per_second else 0.0
        self._depth = max(BURST, self._interval)  # s: there is room for one request at least
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def acquire(self, client: str) -> float:
        """Count a request. Returns 0, or how many seconds from now one will be allowed, if this one is not."""
        if not self._interval:
            return 0.0
        now = self._clock()
        full_at = max(self._full_at.get(client, now), now) + self._interval
        if full_at - now > self._depth + 1e-9:
            return full_at - now - self._depth
        self._full_at[client] = full_at
        self._full_at.move_to_end(client)
        self._forget(now)
        return 0.0

    def _forget(self, now: float) -> None:
        """Drop a few that are past or too many: as one is added at a time, that is enough."""
        for _ in range(2):
            oldest = next(iter(self._full_at))
            if self._full_at[oldest] > now and len(self._full_at) <= _MOST_CLIENTS:
                break
            del self._full_at[oldest]


class RateLimiters:
    """The limits of one server process."""

    def __init__(self, searches: float, writes: float) -> None:
        self.searches, self.writes = RateLimiter(searches), RateLimiter(writes)


async def _search_rate(request: Request) -> None:
    _check(request.app.state.rates.searches, request, "searches")


async def _write_rate(request: Request) -> None:
    _check(request.app.state.rates.writes, request, "writes")


def _check(rate: RateLimiter, request: Request, what: str) -> None:
    """Raises ApiError too_many_requests, with the time to wait."""
    wait = rate.acquire(rate_limit_key(request.scope))
    if wait:
        seconds = math.ceil(wait)
        message = f"there are too many {what} from your address: expected the next one in {seconds} s"
        raise later(429, "too_many_requests", message, seconds)


SearchRate = Depends(_search_rate)
"""For routes that search: they answer 429 to a client that asks too often."""
WriteRate = Annotated[None, Depends(_write_rate)]
"""The same for writes; WriteAccess has it already."""

"""The decision whether a request is sent again, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from sketchfind_client.errors import Outcome, error_code
from sketchfind_client.requests import Request

_REFUSED = (429, 503)  # the server asks for a later try
_MAYBE_STORED = ("stopping", "no_database")  # codes that may follow a change that was stored
_FIRST_DELAY = 0.2  # s, doubled each time
_LONGEST_DELAY = 60.0  # s: a caller that has to wait longer decides for itself


@dataclass(frozen=True)
class RetryPolicy:
    """Retries where they are safe, up to `retries` times.

    A refusal (429, or 503) with Retry-After is tried again after that time, unless the refused change may have been
    stored. After an error of the network, only a request that changes nothing is tried again.
    """

    retries: int

    def delay_after(self, request: Request[Any], outcome: Outcome, attempt: int) -> float | None:
        """Return the seconds before the request is sent again after `attempt` retries, or None if it is not."""
        if attempt >= self.retries:
            return None
        if isinstance(outcome, httpx.RequestError):
            return None if request.changes else _FIRST_DELAY * 2**attempt
        delay = _read_delay(outcome) if outcome.status_code in _REFUSED else None
        if delay is None or (request.changes and error_code(outcome) in _MAYBE_STORED):
            return None
        return delay


def _read_delay(response: httpx.Response) -> float | None:
    """Return the seconds in Retry-After, or None if it is missing, a date, or too long."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdecimal() and float(text) <= _LONGEST_DELAY else None

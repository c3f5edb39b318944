"""File descriptors: how many connections they allow, and what happens when none is free for the next connection."""

from __future__ import annotations

import asyncio
import errno
import logging
import math
import resource
from collections.abc import Callable
from contextlib import suppress
from typing import Any

ACCEPTED_AT_ONCE = 32
"""Connections that an event loop accepts in one of its turns. They are counted, and closed, within four turns."""
WAITING = 2048
"""Connections that the system keeps until they are accepted."""

_MOST = 4096  # connections: idle ones take memory, too
_PER_CONNECTION = 2  # descriptors: its own, and that of a file which it is sent
_RESERVE = 4 * ACCEPTED_AT_ONCE + 192  # for those, the database, decoders, uploads, imports and the index
_LOG_EVERY = 60.0  # s
_NONE_FREE = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}  # as in asyncio's accept
_log = logging.getLogger(__name__)


def raise_limit() -> None:
    """Raise this process's soft limit of descriptors to what the most connections need, if the hard limit allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _PER_CONNECTION * _MOST + _RESERVE
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < limit:
        with suppress(ValueError, OSError):  # some systems have a lower limit of their own
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def max_connections() -> int:
    """Return how many connections leave enough descriptors for all other work."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return _MOST
    return max(1, min(_MOST, (limit - min(_RESERVE, limit // 2)) // _PER_CONNECTION))


class AcceptErrorHandler:
    """Handler of an event loop's errors that calls `make_room` when no descriptor is free to accept a connection.

    It logs that once a minute, where asyncio logs a traceback for each attempt. Other errors go to asyncio's handler.
    """

    def __init__(self, make_room: Callable[[], object]) -> None:
        self._make_room = make_room
        self._scheduled = False
        self._failures, self._logged = 0, -math.inf

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Handle one error. asyncio reports the same shortage many times at once, so the rest is done once, later."""
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in _NONE_FREE):
            loop.default_exception_handler(context)
        elif not self._scheduled:
            self._scheduled = True
            loop.call_soon(self._relieve, loop.time(), error)

    def _relieve(self, now: float, error: OSError) -> None:
        self._scheduled = False
        self._failures += 1
        self._make_room()
        if now - self._logged >= _LOG_EVERY:
            limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
            _log.error(
                "connections could not be accepted, %d times since this was last logged (%s): idle ones were closed; "
                "the limit of open files is %s, and a higher one helps",
                self._failures,
                error.strerror,
                limit,
            )
            self._failures, self._logged = 0, now

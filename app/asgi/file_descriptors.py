"""Limits of file descriptors: number of connections that they allow, and relief when none is free."""

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
"""Connections that an event loop accepts per iteration. They are counted, and closed, within four iterations."""
LISTEN_BACKLOG = 2048
"""Connections that the system queues until the server accepts them."""

_MAX_CONNECTIONS = 4096  # idle connections take memory, too
_PER_CONNECTION = 2  # descriptors: the socket, and the file that the server sends
_RESERVE = 4 * ACCEPTED_AT_ONCE + 192
"""Descriptors for newly accepted connections, database, decoders, uploads, imports and index."""
_LOG_EVERY = 60.0  # s
_NONE_FREE = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}  # as in asyncio's accept
_log = logging.getLogger(__name__)


def raise_limit() -> None:
    """Raise the process's soft limit of descriptors to the need of _MAX_CONNECTIONS, or to the hard limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = _PER_CONNECTION * _MAX_CONNECTIONS + _RESERVE
    limit = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < limit:
        with suppress(ValueError, OSError):  # some systems have a lower limit
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def max_connections() -> int:
    """Return the number of connections that leaves enough descriptors for all other work."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return _MAX_CONNECTIONS
    return max(1, min(_MAX_CONNECTIONS, (limit - min(_RESERVE, limit // 2)) // _PER_CONNECTION))


class AcceptErrorHandler:
    """Error handler of an event loop that calls `free_descriptors` when accept() fails for lack of descriptors.

    It logs one line a minute, where asyncio logs a traceback for each attempt. Other errors go to asyncio's handler.
    """

    def __init__(self, free_descriptors: Callable[[], object]) -> None:
        self._free_descriptors = free_descriptors
        self._scheduled = False
        self._failures, self._logged = 0, -math.inf

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Handle one error. asyncio reports a shortage many times per iteration, so the relief is scheduled once."""
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in _NONE_FREE):
            loop.default_exception_handler(context)
        elif not self._scheduled:
            self._scheduled = True
            loop.call_soon(self._relieve, loop.time(), error)

    def _relieve(self, now: float, error: OSError) -> None:
        """Free descriptors, and log the shortage if the last log line is old enough."""
        self._scheduled = False
        self._failures += 1
        self._free_descriptors()
        if now - self._logged >= _LOG_EVERY:
            limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
            _log.error(
                "failed to accept connections %d times since the last such line (%s): idle ones were closed; "
                "raise the limit of open files, which is %s",
                self._failures,
                error.strerror,
                limit,
            )
            self._failures, self._logged = 0, now

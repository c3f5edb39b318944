"""The context of a request while it is answered, for logs and metrics."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass

_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass
class RequestContext:
    """The id of a request, and the code of the error that answered it."""

    request_id: str
    code: str | None = None


current: ContextVar[RequestContext | None] = ContextVar("current", default=None)
"""The request that the current task works for, if any."""


def request_id(given: str | None) -> str:
    """Return the id that a client or proxy gave, or a new one if it is missing or unsafe in logs and headers."""
    return given if given and _SAFE.fullmatch(given) else secrets.token_hex(8)


def note_code(code: str) -> None:
    """Record the error code of the current request."""
    context = current.get()
    if context is not None:
        context.code = code

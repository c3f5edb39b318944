"""What is known of a request while it is answered, for logs and metrics."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass

_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass
class RequestContext:
    """One request."""

    request_id: str
    code: str | None = None  # of the error that answered it


current: ContextVar[RequestContext | None] = ContextVar("current", default=None)
"""The request that this code works for, if it does for one."""


def request_id(given: str | None) -> str:
    """The id that a client or proxy gave a request, if it is fit for logs and headers, else a new one."""
    return given if given and _SANE.fullmatch(given) else secrets.token_hex(8)


def note_code(code: str) -> None:
    """Remember why the current request is refused."""
    trace = current.get()
    if trace is not None:
        trace.code = code

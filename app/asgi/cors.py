"""Which other origins' scripts may read what we answer."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from app.asgi.errors import error_response
from app.core.error_text import short

_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")
_SENT = ("Authorization", "Content-Type", "X-API-Key", "X-Request-Id")
_EXPECTED = {  # by what Starlette names in its refusal
    "origin": "one of SKETCHFIND_CORS_ORIGINS",
    "method": f"a method of {', '.join(_METHODS)}",
    "headers": f"no header but {', '.join(_SENT)}",
}
_SEEN = ("Location", "Retry-After", "X-Request-Id")


class AllowedOrigins(CORSMiddleware):
    """CORS for a list of origins. A refused preflight has the one shape of all errors."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(app, origins, _METHODS, _SENT, expose_headers=_SEEN, max_age=3600)

    def preflight_response(self, request_headers: Headers) -> Response:
        """What a browser is told that asks before it sends."""
        response = super().preflight_response(request_headers)
        if response.status_code == 200:
            return response
        reason = bytes(response.body).decode()
        expected = " and ".join(text for name, text in _EXPECTED.items() if name in reason)
        message = f"{reason} (from {short(request_headers['origin'])}): expected {expected}"
        return error_response(400, "cors_refused", message)

"""Middleware for all responses: security headers, HEAD requests, and CORS."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.asgi.errors import error_response
from app.core.error_text import truncate

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_REQUEST_HEADERS = ("Authorization", "Content-Type", "X-API-Key", "X-Request-Id", "X-Session")
_EXPOSED_HEADERS = ("Location", "Retry-After", "X-Request-Id")

OWN_FILES_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'"
)
_DOCS_POLICY = (  # an inline script starts Swagger UI
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin"}
_PAGE_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeaders:
    """Middleware that adds security headers: pages run only our own scripts, and only listed origins may frame them.

    It runs outside of the error handling, so that errors have the headers, too. Responses other than pages get a short
    policy that allows nothing, since headers cost time on a mobile network. A response may bring its own policy.
    `docs_path` is the path of the API docs, which cannot bring their own.
    """

    def __init__(self, app: ASGIApp, docs_path: str, embed_origins: Sequence[str]) -> None:
        self.app, self.docs_path = app, docs_path
        self._policy = f"{OWN_FILES_POLICY}; frame-ancestors " + " ".join(["'self'", *embed_origins])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and add the headers to its response."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
                policy = _DATA_POLICY
                if headers.get("content-type", "").startswith("text/html"):
                    headers.update(_PAGE_HEADERS)
                    policy = _DOCS_POLICY if scope["path"] == self.docs_path else self._policy
                headers.setdefault("Content-Security-Policy", policy)
            await send(message)

        await self.app(scope, receive, send_with_headers)


class HeadAsGet:
    """Middleware that answers HEAD on every GET route: the same status and headers, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, HEAD without the body."""

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope["method"] = "GET"  # in place, so that the outer middleware sees the route
            await self.app(scope, receive, send_without_body)
        else:
            await self.app(scope, receive, send)


_EXPECTED = {  # by the word in Starlette's refusal
    "origin": "one of SKETCHFIND_CORS_ORIGINS",
    "method": f"a method of {', '.join(_METHODS)}",
    "headers": f"only the headers {', '.join(_REQUEST_HEADERS)}",
}


class AllowedOrigins(CORSMiddleware):
    """CORS middleware for a list of origins. Refused preflights have the common error format."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(app, origins, _METHODS, _REQUEST_HEADERS, expose_headers=_EXPOSED_HEADERS, max_age=3600)

    def preflight_response(self, request_headers: Headers) -> Response:
        """Return the response to a preflight request."""
        response = super().preflight_response(request_headers)
        if response.status_code == 200:
            return response
        reason = bytes(response.body).decode()
        expected = " and ".join(text for name, text in _EXPECTED.items() if name in reason)
        message = f"{reason} (from {truncate(request_headers['origin'])}): expected {expected}"
        return error_response(400, "cors_refused", message)

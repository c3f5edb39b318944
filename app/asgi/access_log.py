"""Access log: one log line and one count in the metrics per request."""

from __future__ import annotations

import logging
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.asgi.client_address import client_address
from app.observability.metrics import Metrics
from app.observability.request_context import RequestContext, current, request_id

_HEADER = "X-Request-Id"
_NO_ROUTE = "none"  # not the path itself, since clients could add any number of values to the metrics
_PROBES = ("/healthz", "/readyz", "/metrics")  # monitoring asks for them every few seconds
_DISCONNECTED = 499  # status of a connection that ended before the answer began
_log = logging.getLogger(__name__)


class AccessLog:
    """Middleware that gives every request an id, sends it to the client, and logs how the request was answered.

    The log never contains what the request holds. Probes are counted, but not logged.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and log it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        context = RequestContext(request_id(Headers(scope=scope).get(_HEADER)))
        token = current.set(context)
        method, status, started = scope["method"], _DISCONNECTED, time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[_HEADER] = context.request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            self._record(scope, method, status, time.perf_counter() - started, context)
            current.reset(token)

    def _record(self, scope: Scope, method: str, status: int, seconds: float, context: RequestContext) -> None:
        """Count the answer, and write its log line unless it is of a probe."""
        route = _route_path(scope)
        self._metrics.answered(method, route, status, seconds, context.code)
        if route in _PROBES:
            return
        client, milliseconds = client_address(scope), round(seconds * 1000, 1)
        fields = {"method": method, "route": route, "status": status, "ms": milliseconds, "client": client}
        if context.code:
            fields["code"] = context.code
        _log.info("%s %s %s %s ms %s", method, route, status, milliseconds, client, extra={"fields": fields})


def _route_path(scope: Scope) -> str:
    """Return the path of the route that answered, such as /products/{product_id}."""
    if "route" in scope:
        return str(scope["route"].path).replace(":path}", "}")
    return "/static" if scope["path"].startswith("/static/") else _NO_ROUTE

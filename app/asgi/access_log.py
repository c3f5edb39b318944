"""One line in the log, and one count in the metrics, for every request that was answered."""

from __future__ import annotations

import logging
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.asgi.client_address import client_address
from app.observability.metrics import Metrics
from app.observability.request_context import RequestContext, current, request_id

_HEADER = "X-Request-Id"
_NO_ROUTE = "none"  # never the path itself: anybody can make up any number of them
_CUT = 499  # a connection that ended before the answer began
_log = logging.getLogger(__name__)


class AccessLog:
    """Gives every request an id, tells it to the client, and logs how the request was answered, never what it held."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        trace = RequestContext(request_id(Headers(scope=scope).get(_HEADER)))
        token = current.set(trace)
        method, status, started = scope["method"], _CUT, time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[_HEADER] = trace.request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            self._note(scope, method, status, time.perf_counter() - started, trace)
            current.reset(token)

    def _note(self, scope: Scope, method: str, status: int, seconds: float, trace: RequestContext) -> None:
        route = _route_of(scope)
        self._metrics.answered(method, route, status, seconds, trace.code)
        client, spent = client_address(scope), round(seconds * 1000, 1)
        fields = {"method": method, "route": route, "status": status, "ms": spent, "client": client}
        if trace.code:
            fields["code"] = trace.code
        _log.info("%s %s %s %s ms %s", method, route, status, spent, client, extra={"fields": fields})


def _route_of(scope: Scope) -> str:
    """The route that answered, such as /products/{product_id}."""
    if "route" in scope:
        return str(scope["route"].path).replace(":path}", "}")
    return "/static" if scope["path"].startswith("/static/") else _NO_ROUTE

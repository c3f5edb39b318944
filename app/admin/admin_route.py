"""Routes of the admin page, whose errors are pages too."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from app.admin.rendering import redirect, render
from app.admin.session import PATH, SignInRequiredError

SIGN_IN = f"{PATH}/sign-in"


class AdminRoute(APIRoute):
    """Route that answers errors as the HTTP interface does, with their messages on a page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the function that answers a request."""
        handle = super().get_route_handler()

        async def handle_as_page(request: Request) -> Response:
            try:
                return await handle(request)
            except SignInRequiredError:
                return redirect(SIGN_IN)
            except HTTPException:  # 404: there is no admin page
                raise
            except Exception as error:
                return await _show_error(request, error)

        return handle_as_page


async def _show_error(request: Request, error: Exception) -> Response:
    """Return a page with the message of a known error. Raises any other error again."""
    handlers: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = request.app.exception_handlers
    handler = next((handlers[kind] for kind in type(error).__mro__ if kind in handlers), None)
    if handler is None:
        raise error
    answer = await handler(request, error)
    if not isinstance(answer, JSONResponse):  # the client has disconnected
        return answer
    message = json.loads(bytes(answer.body))["error"]["message"]
    page = render(request, "error.html", status=answer.status_code, message=message)
    if "retry-after" in answer.headers:
        page.headers["Retry-After"] = answer.headers["retry-after"]
    return page

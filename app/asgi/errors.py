"""Every way in which a request can fail, in one shape: {"error": {"code", "message", "detail"}}."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic_core import ErrorDetails
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.disk_errors import StorageError
from app.core.error_text import MOST_MESSAGE, cut, describe_validation_error, path_of, truncate
from app.core.retry_errors import BusyError, NotReadyError, TooLateError
from app.database.read_limits import ReadAbandonedError, ReadTimeoutError
from app.database.rows import DamagedCatalogueError
from app.decoding.stroke_sketch import InvalidStrokesError
from app.decoding.worker_pool import DecoderUnavailableError
from app.observability.request_context import note_code
from model.preprocessing.images import ImageTooCostlyError, ImageTooLargeError, UnreadableImageError
from model.preprocessing.line_drawing import BlankSketchError

_MOST_DETAILS = 10
_CLIENT_GONE = 499  # nobody reads it; nginx's number for this
_RETRY = "10"  # s
_HTTP_CODES = {404: "not_found", 405: "method_not_allowed"}
_METHODS = ("GET", "POST", "PUT", "DELETE")  # those of all routes; HEAD comes with GET
_OF_A_SKETCH: list[tuple[type[Exception], int, str]] = [
    (ImageTooLargeError, 413, "image_too_large"),
    (ImageTooCostlyError, 422, "image_too_costly"),
    (UnreadableImageError, 415, "not_an_image"),
    (BlankSketchError, 422, "blank_sketch"),
]
_log = logging.getLogger(__name__)


class ApiError(Exception):
    """A request that is refused: HTTP status, a code for programs, a message for people, any JSON as detail.

    `headers` go with the answer, such as Retry-After.
    """

    def __init__(
        self, status: int, code: str, message: str, detail: object = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.detail = status, code, message, detail
        self.headers = headers


def later(status: int, code: str, message: str, seconds: int) -> ApiError:
    """The error for a request that may be made again after so many seconds."""
    return ApiError(status, code, message, {"retry_after": seconds}, {"Retry-After": str(seconds)})


def error_response(
    status: int, code: str, message: str, detail: object = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The one shape of all errors."""
    note_code(code)
    error = {"code": code, "message": cut(message, MOST_MESSAGE), "detail": detail}
    return JSONResponse({"error": error}, status, headers)


async def _on_api_error(_request: Request, error: ApiError) -> Response:
    return error_response(error.status, error.code, error.message, error.detail, error.headers)


async def _on_validation_error(_request: Request, error: RequestValidationError) -> Response:
    found: list[ErrorDetails] = list(error.errors())[:_MOST_DETAILS]
    detail = [
        {"parameter": path_of(each["loc"][1:]), "message": describe_validation_error(each, path_of(each["loc"][1:]))}
        for each in found
    ]
    return error_response(422, "invalid_parameter", detail[0]["message"], detail)


async def _on_http_error(request: Request, error: HTTPException) -> Response:
    """What the router itself says: no such route, or not this method."""
    code = _HTTP_CODES.get(error.status_code, HTTPStatus(error.status_code).name.lower())
    headers = dict(error.headers or {})
    where = truncate(request.url.path)
    message = error.detail
    if error.status_code == 404:
        message = f"there is nothing at {where}"
    if error.status_code == 405:
        headers["Allow"] = _methods_at(request) if "Allow" in headers else "GET"  # files tell nothing
        message = f"{request.method} is not possible at {where}: expected {headers['Allow']}"
    return error_response(error.status_code, code, message, headers=headers)


def _methods_at(request: Request) -> str:
    """The methods of all routes of a path: the router names only those of the first one."""
    found = [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]
    return ", ".join(found)


async def _on_sketch_error(_request: Request, error: Exception) -> Response:
    """What preprocessing has against a sketch."""
    status, code = next((status, code) for kind, status, code in _OF_A_SKETCH if isinstance(error, kind))
    return error_response(status, code, str(error))


async def _on_invalid_strokes(_request: Request, error: InvalidStrokesError) -> Response:
    return error_response(422, "bad_strokes", str(error), error.where and {"where": error.where})


async def _on_busy(request: Request, error: BusyError) -> Response:
    return await _on_api_error(request, later(503, "busy", str(error), error.seconds))


async def _on_too_late(request: Request, error: TooLateError) -> Response:
    return await _on_api_error(request, later(503, "too_late", str(error), error.seconds))


async def _on_not_ready(_request: Request, error: NotReadyError) -> Response:
    return error_response(503, "not_ready", str(error), headers={"Retry-After": str(error.seconds)})


async def _on_disconnect(_request: Request, _error: Exception) -> Response:
    """The shopper drew on before the whole sketch had arrived: not an error of ours."""
    return Response(status_code=_CLIENT_GONE)


async def _on_not_stored(_request: Request, error: StorageError) -> Response:
    """The disk is full, most likely."""
    _log.warning("a change could not be stored: %s", error)
    message = f"the change could not be stored ({error}): nothing was changed, try again later"
    return error_response(503, "not_stored", message, headers={"Retry-After": _RETRY})


async def _on_not_decoded(_request: Request, error: DecoderUnavailableError) -> Response:
    return error_response(503, "busy", str(error), headers={"Retry-After": _RETRY})


async def _on_read_timeout(request: Request, error: ReadTimeoutError) -> Response:
    message = f"{error}: expected fewer filters, or try again in {_RETRY} s"
    return await _on_api_error(request, later(503, "too_late", message, int(_RETRY)))


async def _on_database_error(_request: Request, error: DBAPIError) -> Response:
    """The database is away, its disk is full, or it is read only for now: all may be well again soon."""
    _log.warning("the database failed: %s", str(error.orig).partition("\n")[0])
    message = "the database cannot be used now: nothing was changed, try again later"
    if error.connection_invalidated and error.statement is None:  # the connection was lost while it committed
        message = "the database was lost during a change: it may be stored or not, so try again later"
    return error_response(503, "no_database", message, headers={"Retry-After": _RETRY})


async def _on_damaged_catalogue(request: Request, error: DamagedCatalogueError) -> Response:
    """No Retry-After: it stays as it is until somebody restores it."""
    _log.error("%s", error)
    request.app.state.damage = str(error)  # for /readyz
    return error_response(500, "damaged_catalogue", str(error))


async def _on_pool_timeout(_request: Request, _error: PoolTimeoutError) -> Response:
    message = "all connections to the database are in use: nothing was changed, try again later"
    return error_response(503, "busy", message, headers={"Retry-After": _RETRY})


class UnexpectedErrors:
    """Answers what no handler expects: a fault, logged with its traceback and not shown, and a cancelled request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except asyncio.CancelledError:  # uvicorn cancels requests that a stopping server has not answered in time
            if scope["type"] != "http" or started:
                raise
            message = "the server stops before the request is done: a change may be stored or not, try again later"
            response = error_response(503, "stopping", message, headers={"Retry-After": _RETRY})
            await response(scope, receive, send)
        except Exception:
            if scope["type"] != "http" or started:
                raise
            _log.exception("%s %s failed", scope["method"], truncate(scope["path"]))
            message = "the server failed on this request: it is logged there"
            await error_response(500, "internal", message)(scope, receive, send)


_HANDLERS: dict[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
    ApiError: _on_api_error,
    RequestValidationError: _on_validation_error,
    HTTPException: _on_http_error,
    InvalidStrokesError: _on_invalid_strokes,
    BusyError: _on_busy,
    TooLateError: _on_too_late,
    NotReadyError: _on_not_ready,
    ClientDisconnect: _on_disconnect,
    StorageError: _on_not_stored,
    DecoderUnavailableError: _on_not_decoded,
    ReadAbandonedError: _on_disconnect,
    ReadTimeoutError: _on_read_timeout,
    OperationalError: _on_database_error,
    DamagedCatalogueError: _on_damaged_catalogue,
    PoolTimeoutError: _on_pool_timeout,
    InternalError: _on_database_error,
    **{kind: _on_sketch_error for kind, _, _ in _OF_A_SKETCH},
}


def install_error_handlers(app: FastAPI) -> None:
    """Make the errors of an app take the one shape. Its innermost middleware should be UnexpectedErrors."""
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)

"""Error responses, all in one format: {"error": {"code", "message", "detail"}}."""

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
from app.gallery.storage.bucket_errors import BucketError
from app.observability.request_context import note_code
from app.search.listing.cursor import InvalidCursorError, OutdatedCursorError
from model.preprocessing.images import ImageTooCostlyError, ImageTooLargeError, UnreadableImageError
from model.preprocessing.line_drawing import BlankSketchError

_MOST_DETAILS = 10
_CLIENT_GONE = 499  # nginx's status for a client that disconnected, which appears in the log only
_RETRY = "10"  # s
_HTTP_CODES = {404: "not_found", 405: "method_not_allowed"}
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")  # of all routes; every GET route also answers HEAD
_SKETCH_ERRORS: list[tuple[type[Exception], int, str]] = [
    (ImageTooLargeError, 413, "image_too_large"),
    (ImageTooCostlyError, 422, "image_too_costly"),
    (UnreadableImageError, 415, "not_an_image"),
    (BlankSketchError, 422, "blank_sketch"),
]
_log = logging.getLogger(__name__)


class ApiError(Exception):
    """Refusal of a request: HTTP status, code for programs, message for people, and any JSON as detail.

    `headers` are added to the response, such as Retry-After.
    """

    def __init__(
        self, status: int, code: str, message: str, detail: object = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.detail = status, code, message, detail
        self.headers = headers


def retry_later_error(status: int, code: str, message: str, seconds: int) -> ApiError:
    """Return the error for a request that the client may repeat after `seconds` seconds."""
    return ApiError(status, code, message, {"retry_after": seconds}, {"Retry-After": str(seconds)})


def error_response(
    status: int, code: str, message: str, detail: object = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return an error response in the common format, and note its code for the log."""
    note_code(code)
    error = {"code": code, "message": cut(message, MOST_MESSAGE), "detail": detail}
    return JSONResponse({"error": error}, status, headers)


async def _answer_api_error(_request: Request, error: ApiError) -> Response:
    return error_response(error.status, error.code, error.message, error.detail, error.headers)


async def _answer_validation_error(_request: Request, error: RequestValidationError) -> Response:
    problems: list[ErrorDetails] = list(error.errors())[:_MOST_DETAILS]
    paths = [path_of(problem["loc"][1:]) for problem in problems]
    detail = [
        {"parameter": path, "message": describe_validation_error(problem, path)}
        for path, problem in zip(paths, problems, strict=True)
    ]
    return error_response(422, "invalid_parameter", detail[0]["message"], detail)


async def _answer_http_error(request: Request, error: HTTPException) -> Response:
    """Answer an error of the router: unknown path (404) or method that the path does not allow (405)."""
    code = _HTTP_CODES.get(error.status_code, HTTPStatus(error.status_code).name.lower())
    headers = dict(error.headers or {})
    where = truncate(request.url.path)
    message = f"there is nothing at {where}" if error.status_code == 404 else error.detail
    if error.status_code == 405:
        # Starlette sets no Allow header for static files, which are only read
        headers["Allow"] = _list_methods(request) if "Allow" in headers else "GET"
        message = f"{request.method} is not possible at {where}: expected {headers['Allow']}"
    return error_response(error.status_code, code, message, headers=headers)


def _list_methods(request: Request) -> str:
    """Return the methods of all routes that match the path. The router names only those of the first route."""
    methods = [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]
    return ", ".join(methods)


async def _answer_sketch_error(_request: Request, error: Exception) -> Response:
    """Answer an error of the sketch's preprocessing."""
    status, code = next((status, code) for kind, status, code in _SKETCH_ERRORS if isinstance(error, kind))
    return error_response(status, code, str(error))


async def _answer_invalid_strokes(_request: Request, error: InvalidStrokesError) -> Response:
    return error_response(422, "bad_strokes", str(error), error.where and {"where": error.where})


async def _answer_invalid_cursor(_request: Request, error: InvalidCursorError) -> Response:
    return error_response(422, "invalid_cursor", str(error))


async def _answer_outdated_cursor(_request: Request, error: OutdatedCursorError) -> Response:
    return error_response(410, "outdated_cursor", str(error))


async def _answer_busy(request: Request, error: BusyError) -> Response:
    return await _answer_api_error(request, retry_later_error(503, "busy", str(error), error.seconds))


async def _answer_too_late(request: Request, error: TooLateError) -> Response:
    return await _answer_api_error(request, retry_later_error(503, "too_late", str(error), error.seconds))


async def _answer_not_ready(_request: Request, error: NotReadyError) -> Response:
    return error_response(503, "not_ready", str(error), headers={"Retry-After": str(error.seconds)})


async def _answer_disconnect(_request: Request, _error: Exception) -> Response:
    """Answer a disconnected client, such as a page whose user drew on before the upload ended."""
    return Response(status_code=_CLIENT_GONE)


async def _answer_not_stored(_request: Request, error: StorageError) -> Response:
    """Answer a failed write to the disk, which is most likely full."""
    _log.warning("a change could not be stored: %s", error)
    message = f"the change could not be stored ({error}): nothing was changed, try again later"
    return error_response(503, "not_stored", message, headers={"Retry-After": _RETRY})


async def _answer_bucket_error(_request: Request, _error: BucketError) -> Response:
    """Answer a failed read of a photo. The log has the reason once."""
    return error_response(503, "no_photos", "photos cannot be read now: try again later", None, {"Retry-After": _RETRY})


async def _answer_not_decoded(_request: Request, error: DecoderUnavailableError) -> Response:
    return error_response(503, "busy", str(error), headers={"Retry-After": _RETRY})


async def _answer_read_timeout(request: Request, error: ReadTimeoutError) -> Response:
    message = f"{error}: expected fewer filters, or try again in {_RETRY} s"
    return await _answer_api_error(request, retry_later_error(503, "too_late", message, int(_RETRY)))


async def _answer_database_error(_request: Request, error: DBAPIError) -> Response:
    """Answer a failure of the database that may be temporary: unreachable, disk full, or read only."""
    _log.warning("the database failed: %s", str(error.orig).partition("\n")[0])
    message = "the database cannot be used now: nothing was changed, try again later"
    if error.connection_invalidated and error.statement is None:  # the connection was lost during a commit
        message = "the database was lost during a change, which may or may not be stored; try again later"
    return error_response(503, "no_database", message, headers={"Retry-After": _RETRY})


async def _answer_damaged_catalogue(request: Request, error: DamagedCatalogueError) -> Response:
    """Answer without Retry-After, since the catalogue stays damaged until an operator restores it."""
    _log.error("%s", error)
    request.app.state.damage = str(error)  # for /readyz
    return error_response(500, "damaged_catalogue", str(error))


async def _answer_pool_timeout(_request: Request, _error: PoolTimeoutError) -> Response:
    message = "all connections to the database are in use: nothing was changed, try again later"
    return error_response(503, "busy", message, headers={"Retry-After": _RETRY})


class UnexpectedErrors:
    """Middleware that answers cancelled requests and unexpected exceptions, and logs the latter with a traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. An error after the start of the response is raised again."""
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except asyncio.CancelledError:  # uvicorn cancels unfinished requests at the end of the shutdown
            if scope["type"] != "http" or started:
                raise
            message = "the server stopped during the request: a change may or may not be stored; try again later"
            response = error_response(503, "stopping", message, headers={"Retry-After": _RETRY})
            await response(scope, receive, send)
        except Exception:
            if scope["type"] != "http" or started:
                raise
            _log.exception("%s %s failed", scope["method"], truncate(scope["path"]))
            message = "the server failed on this request; the error is in its log"
            await error_response(500, "internal", message)(scope, receive, send)


_HANDLERS: dict[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
    ApiError: _answer_api_error,
    RequestValidationError: _answer_validation_error,
    HTTPException: _answer_http_error,
    InvalidStrokesError: _answer_invalid_strokes,
    InvalidCursorError: _answer_invalid_cursor,
    OutdatedCursorError: _answer_outdated_cursor,
    BusyError: _answer_busy,
    TooLateError: _answer_too_late,
    NotReadyError: _answer_not_ready,
    ClientDisconnect: _answer_disconnect,
    StorageError: _answer_not_stored,
    BucketError: _answer_bucket_error,
    DecoderUnavailableError: _answer_not_decoded,
    ReadAbandonedError: _answer_disconnect,
    ReadTimeoutError: _answer_read_timeout,
    OperationalError: _answer_database_error,
    DamagedCatalogueError: _answer_damaged_catalogue,
    PoolTimeoutError: _answer_pool_timeout,
    InternalError: _answer_database_error,
    **{kind: _answer_sketch_error for kind, _, _ in _SKETCH_ERRORS},
}


def install_error_handlers(app: FastAPI) -> None:
    """Give the errors of an app the common format. UnexpectedErrors should be its innermost middleware."""
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)

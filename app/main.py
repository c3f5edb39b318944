"""The server: create_app() makes it, serve() runs it until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import FrameType
from typing import NoReturn

import uvicorn
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.gzip import GZipMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.api.authentication import ReadAccess
from app.api.requests.query_parameters import KnownParameters
from app.api.routes import monitoring
from app.api.routes import products as writes
from app.api.routes import search as routes
from app.api.routes import strokes as tracing
from app.asgi.access_log import RequestLog
from app.asgi.body_memory import Rooms
from app.asgi.connection import Connection, close_idle
from app.asgi.cors import AllowedOrigins
from app.asgi.errors import UnexpectedErrors, install_error_handlers
from app.asgi.file_descriptors import ACCEPTED_AT_ONCE, WAITING, AcceptErrorHandler, raise_limit
from app.asgi.middleware import HeadAsGet, SecurityHeaders
from app.asgi.rate_limit import Rates
from app.asgi.request_reads import LimitedReads
from app.core.shutdown import REQUESTS, SECONDS, Shutdown
from app.database.read_limits import ReadLimits
from app.observability import log_setup as logs
from app.observability.metrics import Metrics
from app.serving.runtime import reason_of
from app.serving.service import Service
from app.settings import Settings, load_settings, unknown_settings
from app.web import pages
from app.web.assets import STATIC, Assets, PageFiles

_API_VERSION = "1"
_TURN = 0.0005  # s after which a thread lets others run; those that search give way at every step, and wait so long
_log = logging.getLogger(__name__)
_DESCRIPTION = "Draw a product, find that very product. Every error is `{error: {code, message, detail}}`."


def create_app(settings: Settings | None = None, service: Service | None = None) -> FastAPI:
    """The app of a gallery: opened at the start, unless `service` has it open already.

    Without settings they come from the environment, so this is also a factory for ASGI servers.
    """
    if settings is None:
        for warning in unknown_settings():
            _log.warning(warning)
    chosen = settings or load_settings()
    metrics = service.metrics if service else Metrics()
    reads = service.reads if service else ReadLimits(chosen.search_timeout)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.service = service or Service(chosen, metrics, reads)
        yield
        if service is None:  # else whoever has opened it closes it
            app.state.service.close(Shutdown(SECONDS))
        app.state.service = None

    app = FastAPIOffline(
        title="Sketchfind",
        version=_API_VERSION,
        description=_DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
        favicon_url="/static/icons/favicon.svg",
        redirect_slashes=False,
    )
    app.state.assets = assets = Assets(STATIC)
    app.state.metrics = metrics
    app.state.rates = Rates(chosen.search_rate, chosen.write_rate)
    app.state.rooms = Rooms(chosen)
    app.state.reads = reads
    install_error_handlers(app)
    # the last one added is the outermost
    app.add_middleware(UnexpectedErrors)
    app.add_middleware(GZipMiddleware, minimum_size=256)
    app.add_middleware(HeadAsGet)
    if chosen.cors_origins:
        app.add_middleware(AllowedOrigins, origins=chosen.cors_origins)
    app.add_middleware(SecurityHeaders, docs_path="/docs", embed_origins=chosen.embed_origins)
    app.add_middleware(RequestLog, metrics=metrics)
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(chosen.trusted_proxies))
    app.include_router(pages.router)
    app.include_router(monitoring.router)
    app.include_router(routes.router, dependencies=[LimitedReads, ReadAccess, KnownParameters])
    app.include_router(routes.photos)
    app.include_router(writes.router, dependencies=[KnownParameters])
    app.include_router(tracing.router, dependencies=[ReadAccess, KnownParameters])
    app.mount("/static", PageFiles(assets), name="static")
    return app


def serve(settings: Settings) -> None:
    """Serve a gallery until SIGINT or SIGTERM; prints the address once requests are accepted.

    Exits with a line on stderr and status 2 when the gallery cannot be served, 1 when the port cannot be had.
    """
    raise_limit()
    with logs.to_stderr(settings.log_format):
        try:
            listener = _bind(settings.host, settings.port)
        except OSError as error:
            reason = error.strerror or error
            _give_up(1, f"cannot listen on {settings.host} port {settings.port} ({reason}): choose another --port")
        with listener:
            try:
                service = Service(settings)
            except Exception as error:  # whatever it is, such as a GPU without memory
                if os.environ.get("SKETCHFIND_TRACEBACK"):
                    raise
                _give_up(2, f"gallery {settings.gallery} cannot be served: {reason_of(error)}")
            sys.setswitchinterval(_TURN)
            gc.freeze()  # what is loaded by now stays: to look through it for garbage stops all threads for long
            # having stopped in an orderly way, uvicorn raises the signal again, which is to end only the block below
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            shutdown = Shutdown(SECONDS)
            shutdown.enforce()
            with suppress(KeyboardInterrupt):
                _Server(settings, service, shutdown).run(sockets=[listener])
            if shutdown.unfinished:
                shutdown.end_process()


class _Server(uvicorn.Server):
    """uvicorn that says when it is ready, and whose shutdown has one deadline from the signal on."""

    def __init__(self, settings: Settings, service: Service, shutdown: Shutdown) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(settings, service),
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                http=Connection,
                backlog=ACCEPTED_AT_ONCE,
                proxy_headers=False,  # the app knows whom to believe
                ws="none",
                timeout_graceful_shutdown=int(REQUESTS),
            )
        )
        self._host, self._service, self._shutdown = settings.host, service, shutdown

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start accepting requests, then print where."""
        connections = self.server_state.connections
        handler = AcceptErrorHandler(lambda: close_idle(connections, len(connections) // 2))
        asyncio.get_running_loop().set_exception_handler(handler)
        await super().startup(sockets)
        if self.started and sockets:
            sockets[0].listen(WAITING)  # uvicorn's backlog is the length of this queue, and what is taken of it at once
            print(f"Sketchfind is ready: {_url(self._host, sockets[0].getsockname()[1])}", flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Start the clock of the shutdown."""
        self._shutdown.begin()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what was accepted, but wait for no long read of the database; then close the gallery."""
        self._service.reads.stop()
        await super().shutdown(sockets)
        if not self.force_exit:
            self._service.close(self._shutdown)


def _bind(host: str, port: int) -> socket.socket:
    """A socket that has the port but refuses connections until uvicorn listens on it."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def _url(host: str, port: int) -> str:
    """An address that a browser on this machine can open."""
    if host in ("", "0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _give_up(status: int, message: str) -> NoReturn:
    print(f"sketchfind: {message}", file=sys.stderr)
    raise SystemExit(status)

"""The `sketchfind serve` process: uvicorn on a bound socket, with a shutdown of bounded duration."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

import uvicorn

from app.asgi.connection import TimeoutProtocol, close_idle
from app.asgi.file_descriptors import ACCEPTED_AT_ONCE, LISTEN_BACKLOG, AcceptErrorHandler, raise_limit
from app.core.shutdown import REQUESTS, SECONDS, Shutdown
from app.main import create_app
from app.observability.log_setup import log_to_stderr
from app.serving.lifecycle_log import LifecycleLog
from app.serving.runtime import reason_of
from app.serving.service import Service
from app.settings import Settings
from app.web.shop.shop import Shop, read_shop
from app.web.shop.shop_file import ShopFileError

_SWITCH_INTERVAL = 0.0005  # s between switches of Python threads; search threads wait this long at every step


def serve(settings: Settings) -> None:
    """Serve a gallery until SIGINT or SIGTERM, and print the address once the server accepts requests.

    Exits with a line on stderr and status 2 if the gallery or the shop's file cannot be used, 1 if the port is not
    available.
    """
    raise_limit()
    with log_to_stderr(settings.log_format):
        shop = _read_shop(settings)
        try:
            listener = _bind(settings.host, settings.port)
        except OSError as error:
            reason = error.strerror or error
            _exit_with_error(
                1, f"cannot listen on {settings.host} port {settings.port} ({reason}): choose another --port"
            )
        with listener:
            lifecycle = LifecycleLog()
            try:
                lifecycle.log_start(settings)
                service = Service(settings).start()
            except Exception as error:  # of any kind, such as a GPU out of memory
                if os.environ.get("SKETCHFIND_TRACEBACK"):
                    raise
                _exit_with_error(2, f"gallery {settings.gallery} cannot be served: {reason_of(error)}")
            sys.setswitchinterval(_SWITCH_INTERVAL)
            gc.freeze()  # objects loaded so far stay; collections that scan them would stop all threads for long
            # uvicorn raises the signal again after its shutdown; that should end only the block below
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            shutdown = Shutdown(SECONDS)
            shutdown.enforce()
            with suppress(KeyboardInterrupt):
                _Server(settings, service, shutdown, lifecycle, shop).run(sockets=[listener])
            if shutdown.unfinished:
                shutdown.end_process()
            lifecycle.log_end()


def _read_shop(settings: Settings) -> Shop:
    try:
        return read_shop(settings.shop)
    except ShopFileError as error:
        _exit_with_error(2, str(error))


class _Server(uvicorn.Server):
    """uvicorn server that prints when it is ready, and whose shutdown has one deadline, counted from the signal."""

    def __init__(
        self, settings: Settings, service: Service, shutdown: Shutdown, lifecycle: LifecycleLog, shop: Shop
    ) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(settings, service, shop),
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                http=TimeoutProtocol,
                backlog=ACCEPTED_AT_ONCE,
                proxy_headers=False,  # the app's middleware reads them, as it knows the trusted proxies
                ws="none",
                timeout_graceful_shutdown=int(REQUESTS),
            )
        )
        self._host, self._service, self._shutdown = settings.host, service, shutdown
        self._lifecycle, self._stop_reason = lifecycle, "an error"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept requests, then print the address."""
        connections = self.server_state.connections
        handler = AcceptErrorHandler(lambda: close_idle(connections, len(connections) // 2))
        asyncio.get_running_loop().set_exception_handler(handler)
        await super().startup(sockets)
        if self.started and sockets:
            # uvicorn's backlog sets both this queue's length and the number of connections accepted at once
            sockets[0].listen(LISTEN_BACKLOG)
            url = _browser_url(self._host, sockets[0].getsockname()[1])
            self._lifecycle.log_ready(url, self._service.gallery)
            print(f"Sketchfind is ready: {url}", flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Start the deadline of the shutdown."""
        self._shutdown.begin()
        self._stop_reason = signal.Signals(sig).name  # logged later: a log line could wait for its interrupted self
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish the accepted requests except long reads of the database, then close the gallery."""
        self._lifecycle.log_stop(self._stop_reason)
        self._service.reads.stop()
        await super().shutdown(sockets)
        if not self.force_exit:
            self._service.close(self._shutdown)


def _bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to the port. It refuses connections until uvicorn listens on it."""
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


def _browser_url(host: str, port: int) -> str:
    """Return a URL that a browser on this machine can open."""
    if host in ("", "0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _exit_with_error(status: int, message: str) -> NoReturn:
    """Print an error and exit with that status."""
    print(f"sketchfind: {message}", file=sys.stderr)
    raise SystemExit(status)

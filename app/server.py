"""The `sketchfind serve` process: uvicorn on a bound socket, with an end that is bounded in time."""

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
from app.asgi.file_descriptors import ACCEPTED_AT_ONCE, WAITING, AcceptErrorHandler, raise_limit
from app.core.shutdown import REQUESTS, SECONDS, Shutdown
from app.main import create_app
from app.observability import log_setup as logs
from app.serving.runtime import reason_of
from app.serving.service import Service
from app.settings import Settings

_TURN = 0.0005  # s after which a thread lets others run; those that search give way at every step, and wait so long


def serve(settings: Settings) -> None:
    """Serve a gallery until SIGINT or SIGTERM; prints the address once requests are accepted.

    Exits with a line on stderr and status 2 when the gallery cannot be served, 1 when the port cannot be had.
    """
    raise_limit()
    with logs.log_to_stderr(settings.log_format):
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
                http=TimeoutProtocol,
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

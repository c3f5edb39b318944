"""Servers that benchmarks start, kill and start again: real processes, forked from one that has loaded every module.

Forking saves the seconds that importing torch takes, so that hundreds of starts can be had in minutes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx
import psutil

_LOADED = ["app.main", "index_builder.gallery.build"]
_START = 180.0  # s that a server may take to be ready on a machine that is busy with other things
_STOP = 60.0  # s that it may take to end: the requests in progress are given 30
_context = multiprocessing.get_context("forkserver")


class Server:
    """`sketchfind serve` on a gallery, while the context lasts or from start() on.

    `patch` is run in the process before it serves.
    """

    def __init__(self, gallery: Path, log: Path, patch: Callable[[], None] | None = None, **settings: Any) -> None:
        self._gallery, self._log, self._patch, self._settings = gallery, log, patch, settings
        self._process: BaseProcess | None = None
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> float:
        """Start it and wait until it is ready; the seconds that took. Raises RuntimeError when it does not start."""
        started = time.monotonic()
        self._log.touch()
        arguments = (self._gallery, self.port, self._log, self._patch, self._settings)
        self._process = process = run(_serve, *arguments)
        while not self._is_ready():
            if not process.is_alive() or time.monotonic() - started > _START:
                process.kill()
                raise RuntimeError(f"the server did not start: {self.log()}")
            time.sleep(0.02)
        return time.monotonic() - started

    def kill(self) -> None:
        """SIGKILL, at once."""
        decoders = self.decoders()
        os.kill(self.pid, signal.SIGKILL)
        assert self._process is not None
        self._process.join()
        send(signal.SIGCONT, decoders)  # those that were stopped can now notice that the server is gone

    def stop(self) -> None:
        """SIGTERM, and wait until it has finished what it accepted. Raises AssertionError when it does not end."""
        os.kill(self.pid, signal.SIGTERM)
        assert self._process is not None
        self._process.join(_STOP)
        if self._process.is_alive():
            self.kill()
            raise AssertionError(f"the server did not end within {_STOP:g} s of SIGTERM")

    def pause(self) -> None:
        """SIGSTOP, for it and its decoders."""
        send(signal.SIGSTOP, self._family())

    def resume(self) -> None:
        """SIGCONT, for it and its decoders."""
        send(signal.SIGCONT, self._family())

    def decoders(self) -> list[psutil.Process]:
        """List the processes that it has started."""
        return psutil.Process(self.pid).children(recursive=True)

    def log(self) -> str:
        """The end of what it has printed."""
        return self._log.read_text()[-4000:]

    @property
    def pid(self) -> int:
        """Of the process that start() has made."""
        assert self._process is not None and self._process.pid is not None
        return self._process.pid

    def _family(self) -> list[psutil.Process]:
        return [psutil.Process(self.pid), *self.decoders()]

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False


def send(number: int, processes: Iterable[psutil.Process]) -> None:
    """Send a signal to the processes that are still there."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def run(work: Callable[..., object], *arguments: object) -> BaseProcess:
    """A process of its own that does some work."""
    _context.set_forkserver_preload(_LOADED)
    process = _context.Process(target=work, args=arguments, daemon=True)
    process.start()
    return process


def _serve(gallery: Path, port: int, log: Path, patch: Callable[[], None] | None, settings: dict[str, Any]) -> None:
    from app.server import serve
    from app.settings import load_settings

    with log.open("a") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    if patch is not None:
        patch()
    serve(load_settings(gallery=gallery, port=port, **settings))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def memory_of(pid: int) -> int:
    """Bytes in memory of a process and of all that descend from it."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    total = 0
    for process in family:
        with suppress(psutil.NoSuchProcess):  # it has ended meanwhile
            total += process.memory_info().rss
    return total

"""Server processes for benchmarks to start, kill and restart, forked from a process that has loaded all modules.

Forking saves the seconds of importing torch, so that hundreds of starts take minutes.
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
_START = 180.0  # s until a server is ready, at most, on a busy machine
_STOP = 60.0  # s until it has ended, at most: requests in progress are given 30
_context = multiprocessing.get_context("forkserver")


class Server:
    """Process of `sketchfind serve` on a gallery, started by start() or by entering the context.

    The process calls `patch` before it serves.
    """

    def __init__(self, gallery: Path, log: Path, patch: Callable[[], None] | None = None, **settings: Any) -> None:
        self._gallery, self._log, self._patch, self._settings = gallery, log, patch, settings
        self._process: BaseProcess | None = None
        self.port = _find_free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> float:
        """Start the server, wait until it is ready and return the seconds. Raises RuntimeError if it does not start."""
        started = time.monotonic()
        self._log.touch()
        arguments = (self._gallery, self.port, self._log, self._patch, self._settings)
        self._process = process = start_process(_serve, *arguments)
        while not self._is_ready():
            if not process.is_alive() or time.monotonic() - started > _START:
                process.kill()
                raise RuntimeError(f"the server did not start: {self.read_log()}")
            time.sleep(0.02)
        return time.monotonic() - started

    def kill(self) -> None:
        """Send SIGKILL and wait for the end."""
        decoders = self.decoders()
        os.kill(self.pid, signal.SIGKILL)
        assert self._process is not None
        self._process.join()
        send_signal(signal.SIGCONT, decoders)  # stopped decoders can now notice that the server has ended

    def stop(self) -> None:
        """Send SIGTERM and wait until all accepted work is done. Raises AssertionError if the server does not end."""
        os.kill(self.pid, signal.SIGTERM)
        assert self._process is not None
        self._process.join(_STOP)
        if self._process.is_alive():
            self.kill()
            raise AssertionError(f"the server did not end within {_STOP:g} s of SIGTERM")

    def pause(self) -> None:
        """Send SIGSTOP to the server and its decoders."""
        send_signal(signal.SIGSTOP, self._list_processes())

    def resume(self) -> None:
        """Send SIGCONT to the server and its decoders."""
        send_signal(signal.SIGCONT, self._list_processes())

    def decoders(self) -> list[psutil.Process]:
        """List the processes started by the server."""
        return psutil.Process(self.pid).children(recursive=True)

    def read_log(self) -> str:
        """Read the end of the server's output."""
        return self._log.read_text()[-4000:]

    @property
    def pid(self) -> int:
        """Id of the process that start() has started."""
        assert self._process is not None and self._process.pid is not None
        return self._process.pid

    def _list_processes(self) -> list[psutil.Process]:
        return [psutil.Process(self.pid), *self.decoders()]

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False


def send_signal(number: int, processes: Iterable[psutil.Process]) -> None:
    """Send a signal to those of the processes that still exist."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def start_process(work: Callable[..., object], *arguments: object) -> BaseProcess:
    """Start a process that calls `work`, forked from the preloaded one."""
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


def _find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def measure_memory(pid: int) -> int:
    """Measure the bytes in memory of a process and of all its descendants."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    total = 0
    for process in family:
        with suppress(psutil.NoSuchProcess):  # the process has ended meanwhile
            total += process.memory_info().rss
    return total

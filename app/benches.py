"""Processes that decode images, one at a time each, and are replaced when an image is too much for them."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from queue import LifoQueue
from typing import Any

from app import bench
from model.images import ImageTooCostly

SECONDS = 8  # of computing that an image may take; the largest take one or two, and five on slow or busy processors
PATIENCE = 3  # times as long may pass on a machine that is busy with something else

_START = 60.0  # s that a process may take to start
_PACKAGES = Path(__file__).resolve().parents[1]
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MALLOC_ARENA_MAX"), "1")
_NO_PROCESS = "an image could not be decoded, since no process could be started for it: try again later"
_log = logging.getLogger(__name__)


class NotDecoded(Exception):
    """The machine was too busy to decode an image, or could start no process for it; it may be a good one."""


Answer = tuple[dict[str, Any], bytes]
"""What a process answers: a header, and what it made of the image."""


class Benches:
    """Benches that any number of threads may use; who finds none free waits. Each starts when it is first needed.

    `limit` is in bytes of address space; `seconds` of computing are allowed for an image, and `patience` times as many
    may pass meanwhile.
    """

    def __init__(self, count: int, limit: int, seconds: float = SECONDS, patience: int = PATIENCE) -> None:
        self.all = [Bench(limit, seconds, patience) for _ in range(count)]
        self._free: LifoQueue[Bench] = LifoQueue()  # the last used is used next, so the others may never have to start
        for each in self.all:
            self._free.put(each)

    def ask(self, header: bytes, data: bytes) -> Answer:
        """The answer of one of them to an order.

        Raises what the image is refused for, an UnreadableImage mostly, and NotDecoded.
        """
        free = self._free.get()
        try:
            return free.ask(header, data)
        finally:
            self._free.put(free)

    def end(self) -> None:
        """End all processes, whatever they are doing."""
        for each in self.all:
            each.end()


class Bench:
    """One process, replaced by a new one whenever an image was too much for it. Used by one thread at a time."""

    def __init__(self, limit: int, seconds: float, patience: int) -> None:
        self._limit, self._seconds, self._patience = limit, seconds, patience
        self._starting = threading.Lock()
        self._server: Connection | None = None
        self._ready = False

    def ask(self, header: bytes, data: bytes) -> Answer:
        """The answer to an order. Raises what the image is refused for, and NotDecoded."""
        server = self._begin()
        try:
            server.send_bytes(header)
            server.send_bytes(data)
            _wait(server, self._patience * self._seconds)
            answer, made = json.loads(server.recv_bytes()), server.recv_bytes()
        except (OSError, EOFError, NotDecoded) as error:  # it has been killed, or has had no time to compute
            _log.warning("an image of %s bytes was too much for the process that decodes: %r", len(data), error)
            self.end()
            self.start()
            raise error if isinstance(error, NotDecoded) else _too_costly(self._seconds) from None
        refused = answer.get("refused")
        if refused == bench.TOO_COSTLY:
            raise _too_costly(self._seconds)
        if refused:
            raise bench.REFUSALS[refused](answer["message"])
        return answer, made

    def start(self) -> None:
        """Start the process ahead of its first image; where that fails now, it is tried again with the image."""
        try:
            self._started()
        except OSError as error:
            _log.warning("a process that decodes could not be started ahead: %s", error)

    def _started(self) -> Connection:
        """The way to the process, which says by itself when it has imported what it needs. Raises OSError."""
        with self._starting:
            if self._server is None:
                self._server = self._start()
            return self._server

    def _start(self) -> Connection:
        server, child = Pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", bench.__name__, str(child.fileno()), str(self._limit), str(self._seconds)],
                cwd=_PACKAGES,
                env=os.environ | _ONE_THREAD,
                stdin=subprocess.DEVNULL,
                pass_fds=[child.fileno()],
                start_new_session=True,  # Ctrl-C is for the server, which then closes the socket
            )
        except OSError:
            server.close()
            raise
        finally:
            child.close()
        self._ready = False
        return server

    def end(self) -> None:
        """End the process, whatever it is doing."""
        if self._server is not None:
            self._process.kill()
            self._process.wait()
            self._server.close()
            self._server = None

    def _begin(self) -> Connection:
        """The way to a process that is ready. Raises NotDecoded."""
        if self._server is not None and self._process.poll() is not None:
            _log.warning("a process that decodes was ended while it was idle: status %s", self._process.returncode)
            self.end()  # as by a system that is short of memory
        try:
            server = self._started()
            if not self._ready:
                _wait(server, max(_START, self._patience * self._seconds))
                server.recv_bytes()
                self._ready = True
                self._stand_back()
            return server
        except (OSError, EOFError, NotDecoded) as error:
            _log.warning("a process that decodes could not be started: %r", error)
            self.end()
            if isinstance(error, NotDecoded):
                raise
            raise NotDecoded(_NO_PROCESS) from error

    def _stand_back(self) -> None:
        """Have the process computed no earlier than the thread that asks it, where the system can tell threads apart.

        Not before, since a start takes as much computing as many images do.
        """
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, os.getpriority(os.PRIO_PROCESS, 0))


def _wait(server: Connection, seconds: float) -> None:
    if not server.poll(seconds):
        raise NotDecoded(f"an image could not be decoded within {seconds:g} s, so busy is the machine: try again later")


def _too_costly(seconds: float) -> ImageTooCostly:
    message = f"image takes too much to decode: expected one that needs less than {seconds:g} s, and no more memory"
    return ImageTooCostly(f"{message} than an image of the most pixels does")

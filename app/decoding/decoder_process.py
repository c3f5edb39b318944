"""One process that decodes images, from its start to its end, and how the server notices that it is lost.

Every wait for it is bounded. A stopped process reads nothing, so that a large image would fill the socket and block its
sender. A process that hangs in the kernel does not even end when it is killed.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from app.decoding import worker as bench
from app.decoding.process_progress import ProgressWatch

_LOOK = 0.5  # s between looks at a process that has not answered yet
_MOST_IDLE = 10  # looks in a row without progress, after which a process hangs
_BLOCKED = 3  # s in which a process has to read, or to write, some more of a message that has begun
_DEATH = 1.0  # s in which a killed process is gone, unless it hangs in the kernel
_PACKAGES = Path(__file__).resolve().parents[2]
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MALLOC_ARENA_MAX"), "1")
_HANGS = "makes no progress"

_T = TypeVar("_T")
Answer = tuple[dict[str, Any], bytes]
"""What a process answers: a header, and what it made of the image."""


class DecoderLostError(Exception):
    """A process was killed, has crashed or hangs. `is_limit`: it reached its limit of computing time."""

    def __init__(self, how: str, *, is_limit: bool = False) -> None:
        super().__init__(how)
        self.is_limit = is_limit


class DecoderProcess:
    """A process that has just been started, with `limit` bytes of address space and `seconds` of computing an image.

    Used by one thread at a time, but any thread may kill() it. Raises OSError when it cannot be started.
    """

    def __init__(self, limit: int, seconds: float) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", bench.__name__, str(theirs.fileno()), str(limit), str(seconds)],
                    cwd=_PACKAGES,
                    env=os.environ | _ONE_THREAD,
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,  # Ctrl-C is for the server, which then closes the socket
                )
            except OSError:
                ours.close()
                raise
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            ours.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", _BLOCKED, 0))
        self._server = Connection(ours.detach())
        self._is_ready = self._is_killed = False

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The status with which it has ended, as far as anything has asked for it."""
        return self._process.returncode

    def poll(self) -> int | None:
        """Return the status with which it has ended, None while it lives."""
        return self._process.poll()

    def get_ready(self, seconds: float) -> None:
        """Wait until it has imported what it needs. Raises TimeoutError and DecoderLostError."""
        if not self._is_ready:
            self._bounded(lambda: self._wait(seconds))
            self._bounded(self._server.recv_bytes)
            self._is_ready = True
            self._match_priority()

    def exchange(self, header: bytes, data: bytes, seconds: float) -> Answer:
        """Send an order and return its answer. Raises TimeoutError and DecoderLostError: then it has to be ended."""

        def exchanged() -> Answer:
            self._check(ProgressWatch(self.pid, _MOST_IDLE))  # one that has been stopped meanwhile costs no time
            self._server.send_bytes(header)
            self._server.send_bytes(data)
            self._wait(seconds)
            return json.loads(self._server.recv_bytes()), self._server.recv_bytes()

        return self._bounded(exchanged)

    def kill(self) -> None:
        """Kill the process without waiting for its death. A thread that waits for its answer gets DecoderLostError."""
        self._is_killed = True
        self._process.kill()

    def end(self) -> bool:
        """Kill the process and close the socket; return whether the process is gone."""
        self._process.kill()
        self._server.close()
        return self._is_gone()

    def _is_gone(self) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_DEATH)
        return self._process.returncode is not None

    def _bounded(self, work: Callable[[], _T]) -> _T:
        try:
            return work()
        except BlockingIOError:
            raise DecoderLostError(_HANGS) from None
        except TimeoutError:
            raise
        except (OSError, EOFError):
            raise self._death() from None

    def _wait(self, seconds: float) -> None:
        """Wait until there is something to read. Raises TimeoutError, and DecoderLostError if the process hangs."""
        end, watch = time.monotonic() + seconds, ProgressWatch(self.pid, _MOST_IDLE)
        while not self._server.poll(max(0.0, min(_LOOK, end - time.monotonic()))):
            self._check(watch)
            if time.monotonic() >= end:
                raise TimeoutError

    def _check(self, watch: ProgressWatch) -> None:
        """Raise DecoderLostError if the process hangs, or was killed, which one that hangs in the kernel survives."""
        if self._is_killed or watch.hangs():
            raise DecoderLostError(_HANGS)

    def _death(self) -> DecoderLostError:
        """Why the socket was closed from its side."""
        if not self._is_gone():
            return DecoderLostError("has closed its socket")
        status = self._process.returncode
        if status >= 0:
            return DecoderLostError(f"ended with status {status}")
        return DecoderLostError(f"was ended by signal {-status}", is_limit=-status == signal.SIGPROF)

    def _match_priority(self) -> None:
        """Have the process computed no earlier than the thread that asks it, where the system can tell threads apart.

        Not before, since a start takes as much computing as many images do.
        """
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, self.pid, os.getpriority(os.PRIO_PROCESS, 0))

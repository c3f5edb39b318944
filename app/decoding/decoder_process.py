"""One decoder process from its start to its end, and detection of a lost process.

Every wait for it is bounded. A stopped process reads nothing, so a large image would fill the socket and block the
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
from typing import Any, Self, TypeVar

from app.decoding import worker
from app.decoding.process_progress import ProgressWatch

_POLL_SECONDS = 0.5  # between samples of a process that has not answered yet
_MOST_IDLE = 10  # samples in a row without progress, after which a process counts as hung
_BLOCKED = 3  # s within which a process must read or write the next part of a message that has begun
_DEATH = 1.0  # s within which a killed process is gone, unless it hangs in the kernel
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]
_SINGLE_THREADED = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MALLOC_ARENA_MAX"), "1")
_HANGS = "makes no progress"

_T = TypeVar("_T")
Answer = tuple[dict[str, Any], bytes]
"""Answer of a process: a header, and the bytes of the decoded image."""


class DecoderLostError(Exception):
    """Loss of a process that was killed, crashed or hangs. `is_limit`: it reached its limit of computing time."""

    def __init__(self, how: str, *, is_limit: bool = False) -> None:
        super().__init__(how)
        self.is_limit = is_limit


class DecoderProcess:
    """Decoder process, made by DecoderProcess.start(). One thread at a time may use it, but any may kill() it."""

    def __init__(self, process: subprocess.Popen[bytes], server: Connection) -> None:
        self._process, self._server = process, server
        self._is_ready = self._is_killed = False

    @classmethod
    def start(cls, limit: int, seconds: float) -> Self:
        """Start a process with `limit` bytes of address space, which may compute for `seconds` per image.

        Raises OSError if it cannot be started.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process = subprocess.Popen(
                    [sys.executable, "-m", worker.__name__, str(theirs.fileno()), str(limit), str(seconds)],
                    cwd=_PACKAGE_ROOT,
                    env=os.environ | _SINGLE_THREADED,
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,  # Ctrl-C reaches the server alone, which then closes the socket
                )
            except OSError:
                ours.close()
                raise
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            ours.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", _BLOCKED, 0))
        return cls(process, Connection(ours.detach()))

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Exit status, None until poll() or a wait has seen the end of the process."""
        return self._process.returncode

    def poll(self) -> int | None:
        """Return the exit status, None while the process lives."""
        return self._process.poll()

    def wait_until_ready(self, seconds: float) -> None:
        """Wait until the process has imported its libraries. Raises TimeoutError and DecoderLostError."""
        if not self._is_ready:
            self._run_bounded(lambda: self._wait(seconds))
            self._run_bounded(self._server.recv_bytes)
            self._is_ready = True
            self._match_priority()

    def exchange(self, header: bytes, data: bytes, seconds: float) -> Answer:
        """Send a request and return its answer.

        Raises TimeoutError and DecoderLostError. The caller must end() the process after either.
        """

        def send_and_receive() -> Answer:
            self._check(ProgressWatch(self.pid, _MOST_IDLE))  # detects at once a process that was stopped while idle
            self._server.send_bytes(header)
            self._server.send_bytes(data)
            self._wait(seconds)
            return json.loads(self._server.recv_bytes()), self._server.recv_bytes()

        return self._run_bounded(send_and_receive)

    def kill(self) -> None:
        """Kill the process without waiting for its end. A thread that waits for its answer gets DecoderLostError."""
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

    def _run_bounded(self, work: Callable[[], _T]) -> _T:
        try:
            return work()
        except BlockingIOError:
            raise DecoderLostError(_HANGS) from None
        except TimeoutError:
            raise
        except (OSError, EOFError):
            raise self._describe_loss() from None

    def _wait(self, seconds: float) -> None:
        """Wait until the socket has data. Raises TimeoutError, and DecoderLostError if the process hangs."""
        end, watch = time.monotonic() + seconds, ProgressWatch(self.pid, _MOST_IDLE)
        while not self._server.poll(max(0.0, min(_POLL_SECONDS, end - time.monotonic()))):
            self._check(watch)
            if time.monotonic() >= end:
                raise TimeoutError

    def _check(self, watch: ProgressWatch) -> None:
        """Raise DecoderLostError if the process hangs or was killed: it survives a kill if it hangs in the kernel."""
        if self._is_killed or watch.hangs():
            raise DecoderLostError(_HANGS)

    def _describe_loss(self) -> DecoderLostError:
        """Return an error that says why the process closed its socket."""
        if not self._is_gone():
            return DecoderLostError("has closed its socket")
        status = self._process.returncode
        if status >= 0:
            return DecoderLostError(f"ended with status {status}")
        return DecoderLostError(f"was ended by signal {-status}", is_limit=-status == signal.SIGPROF)

    def _match_priority(self) -> None:
        """Give the process the priority of the calling thread, where the system has priorities per thread.

        This happens after the start, since a start takes as much computing as many images do.
        """
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, self.pid, os.getpriority(os.PRIO_PROCESS, 0))

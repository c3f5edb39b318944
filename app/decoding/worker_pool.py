"""Processes that decode images, one at a time each, and are replaced when an image was too much or they are lost."""

from __future__ import annotations

import logging
import threading
from queue import LifoQueue

from app.decoding import worker as bench
from app.decoding.decoder_process import Answer, DecoderLostError, DecoderProcess
from model.preprocessing.images import ImageTooCostlyError

SECONDS = 8  # of computing that an image may take; the largest take one or two, and five on slow or busy processors
PATIENCE = 3  # times as long may pass on a machine that is busy with something else

_START = 60.0  # s that a process may take to start
_ATTEMPTS = 2  # processes that an image is given to if they are lost with it
_LOCK = 1.0  # s to wait for a thread whose process has just been killed
_AGAIN = "try again later"
_NO_PROCESS = f"an image could not be decoded, since no process could be started for it: {_AGAIN}"
_CLOSING = f"an image could not be decoded, since the server stops: {_AGAIN}"
_log = logging.getLogger(__name__)


class DecoderUnavailableError(Exception):
    """The machine was too busy to decode an image, or could start no process for it; it may be a good one."""


class DecoderPool:
    """Benches that any number of threads may use; who finds none free waits. Each starts when it is first needed.

    `limit` is in bytes of address space; `seconds` of computing are allowed for an image, and `patience` times as many
    may pass meanwhile.
    """

    def __init__(self, count: int, limit: int, seconds: float = SECONDS, patience: int = PATIENCE) -> None:
        self.all = [DecoderSlot(limit, seconds, patience) for _ in range(count)]
        self._seconds = seconds
        self._free: LifoQueue[DecoderSlot] = (
            LifoQueue()
        )  # the last used is used next, so the others may never have to start
        for each in self.all:
            self._free.put(each)

    def request(self, header: bytes, data: bytes) -> Answer:
        """The answer of one of them to an order.

        If the process is lost with the image, a new process gets the image once more. Only if that is lost in the same
        way, the image is the reason. Raises what the image is refused for, an UnreadableImage mostly, and NotDecoded.
        """
        lost: list[str] = []
        while len(lost) < _ATTEMPTS:
            free = self._free.get()
            try:
                return free.request(header, data)
            except DecoderLostError as error:
                lost.append(str(error))
                _log.warning("the process that decoded an image of %s bytes %s", len(data), error)
            finally:
                self._free.put(free)
        if len(set(lost)) == 1:
            raise _too_costly(self._seconds)
        raise DecoderUnavailableError(
            f"an image could not be decoded, since its process {' and another '.join(lost)}: {_AGAIN}"
        )

    def close(self) -> None:
        """End all processes for good, whatever they are doing. What waits for one of them raises NotDecoded."""
        for each in self.all:
            each.close()


class DecoderSlot:
    """One process, replaced by a new one whenever an image was too much for it. Used by one thread at a time."""

    def __init__(self, limit: int, seconds: float, patience: int) -> None:
        self._limit, self._seconds, self._patience = limit, seconds, patience
        self._starting, self._asking = threading.Lock(), threading.Lock()
        self._process: DecoderProcess | None = None
        self._left: list[DecoderProcess] = []  # killed, but hung in the kernel
        self._is_closed = False

    def request(self, header: bytes, data: bytes) -> Answer:
        """The answer to an order. Raises what the image is refused for, NotDecoded and DecoderLostError."""
        with self._asking:
            answer, made = self._answer(self._begin(), header, data)
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
        except DecoderUnavailableError:
            pass  # it was closed meanwhile

    def end(self) -> None:
        """End the process, whatever it is doing. If it cannot be killed for now, it is left behind."""
        if self._process is not None:
            if not self._process.end():
                _log.warning("process %s, which decodes, does not end: it is left behind", self._process.pid)
                self._left.append(self._process)
            self._process = None

    def close(self) -> None:
        """End the process for good. A thread that waits for its answer gets NotDecoded."""
        with self._starting:
            self._is_closed = True
            if self._process is not None:
                self._process.kill()
        if self._asking.acquire(timeout=_LOCK):  # else the thread that asks ends the process, as soon as it looks
            self.end()
            self._asking.release()

    def _answer(self, process: DecoderProcess, header: bytes, data: bytes) -> Answer:
        seconds = self._patience * self._seconds
        try:
            return process.exchange(header, data, seconds)
        except (TimeoutError, DecoderLostError) as error:
            self.end()
            if self._is_closed:
                raise DecoderUnavailableError(_CLOSING) from None
            self.start()
            if isinstance(error, TimeoutError):
                raise _too_busy(seconds) from None
            if error.is_limit:
                raise _too_costly(self._seconds) from None
            raise

    def _begin(self) -> DecoderProcess:
        """A process that is ready. Raises NotDecoded."""
        if not self._is_closed and self._process is not None and self._process.poll() is not None:
            _log.warning("a process that decodes was ended while it was idle: status %s", self._process.returncode)
            self.end()  # as by a system that is short of memory
        seconds = max(_START, self._patience * self._seconds)
        try:
            process = self._started()
            process.get_ready(seconds)
            return process
        except TimeoutError:
            self.end()
            raise _too_busy(seconds) from None
        except (OSError, DecoderLostError) as error:
            _log.warning("a process that decodes could not be started: %r", error)
            self.end()
            raise DecoderUnavailableError(_CLOSING if self._is_closed else _NO_PROCESS) from error

    def _started(self) -> DecoderProcess:
        """The process, started if there is none. Raises OSError, and NotDecoded after close()."""
        with self._starting:
            if self._is_closed:
                raise DecoderUnavailableError(_CLOSING)
            self._left = [process for process in self._left if process.poll() is None]
            if self._process is None:
                self._process = DecoderProcess(self._limit, self._seconds)
            return self._process


def _too_busy(seconds: float) -> DecoderUnavailableError:
    return DecoderUnavailableError(
        f"an image could not be decoded within {seconds:g} s, so busy is the machine: {_AGAIN}"
    )


def _too_costly(seconds: float) -> ImageTooCostlyError:
    message = f"image takes too much to decode: expected one that needs less than {seconds:g} s, and no more memory"
    return ImageTooCostlyError(f"{message} than an image of the most pixels does")

"""Pool of decoder processes, which are replaced when an image was too costly or when they are lost."""

from __future__ import annotations

import logging
import threading
from queue import LifoQueue

from app.decoding import worker
from app.decoding.decoder_process import Answer, DecoderLostError, DecoderProcess
from model.preprocessing.images import ImageTooCostlyError

SECONDS = 8  # of computing per image; the largest images take one or two, and five on slow or busy processors
PATIENCE = 3  # multiple of SECONDS after which an image is given up on a busy machine

_START_SECONDS = 60.0  # that a process may take to start
_ATTEMPTS = 2  # processes that get the same image, if each of them is lost with it
_LOCK_SECONDS = 1.0  # to wait for a thread whose process has just been killed
_AGAIN = "try again later"
_NO_PROCESS = f"the image was not decoded because no decoder process could be started; {_AGAIN}"
_CLOSING = f"the image was not decoded because the server is stopping; {_AGAIN}"
_log = logging.getLogger(__name__)


class DecoderUnavailableError(Exception):
    """Failure to decode an image because the machine is too busy or cannot start a process. The image may be good."""


class DecoderPool:
    """Thread-safe pool of decoder processes. Callers block until one is free. A process starts on its first image.

    `limit` is the address space of a process in bytes. An image may compute for `seconds`, and is given up after
    `patience` times as many.
    """

    def __init__(self, count: int, limit: int, seconds: float = SECONDS, patience: int = PATIENCE) -> None:
        self.slots = [DecoderSlot(limit, seconds, patience) for _ in range(count)]
        self._seconds = seconds
        # the last used slot is used next, so the others may never have to start
        self._free: LifoQueue[DecoderSlot] = LifoQueue()
        for slot in self.slots:
            self._free.put(slot)

    def start(self) -> None:
        """Start the process of the first image ahead of it. A failure is logged, and the image starts it again."""
        self.slots[-1].start()

    def request(self, header: bytes, data: bytes) -> Answer:
        """Send a request to a free process and return its answer.

        If the process is lost with the image, a new process gets the image once more. Only if that one is lost in the
        same way, the image is too costly. Raises the errors of worker.REFUSALS, ImageTooCostlyError and
        DecoderUnavailableError.
        """
        lost: list[str] = []
        while len(lost) < _ATTEMPTS:
            slot = self._free.get()
            try:
                return slot.request(header, data)
            except DecoderLostError as error:
                lost.append(str(error))
                _log.warning("the decoder process of an image of %s bytes %s", len(data), error)
            finally:
                self._free.put(slot)
        if len(set(lost)) == 1:
            raise _too_costly(self._seconds)
        raise DecoderUnavailableError(
            f"the image was not decoded because its process {' and another '.join(lost)}; {_AGAIN}"
        )

    def close(self) -> None:
        """End all processes for good, even busy ones. Threads that wait for one get DecoderUnavailableError."""
        for slot in self.slots:
            slot.close()


class DecoderSlot:
    """Place of one process, which is replaced when an image was too costly for it. For one thread at a time."""

    def __init__(self, limit: int, seconds: float, patience: int) -> None:
        self._limit, self._seconds, self._patience = limit, seconds, patience
        self._start_lock, self._request_lock = threading.Lock(), threading.Lock()
        self._process: DecoderProcess | None = None
        self._left_behind: list[DecoderProcess] = []  # killed processes that hang in the kernel
        self._is_closed = False

    def request(self, header: bytes, data: bytes) -> Answer:
        """Send a request and return its answer.

        Raises the errors of worker.REFUSALS, ImageTooCostlyError, DecoderUnavailableError and DecoderLostError.
        """
        with self._request_lock:
            answer, result = self._exchange(self._prepare_process(), header, data)
        refused = answer.get("refused")
        if refused == worker.TOO_COSTLY:
            raise _too_costly(self._seconds)
        if refused:
            raise worker.REFUSALS[refused](answer["message"])
        return answer, result

    def start(self) -> None:
        """Start the process ahead of its first image. A failure is logged, and the image starts it again."""
        try:
            self._start_process()
        except OSError as error:
            _log.warning("a decoder process could not be started in advance: %s", error)
        except DecoderUnavailableError:
            pass  # closed in the meantime

    def end(self) -> None:
        """End the process, even a busy one. A process that cannot be killed now is left behind and reaped later."""
        if self._process is not None:
            if not self._process.end():
                _log.warning("decoder process %s does not end: it is left behind", self._process.pid)
                self._left_behind.append(self._process)
            self._process = None

    def close(self) -> None:
        """End the process for good. A thread that waits for its answer gets DecoderUnavailableError."""
        with self._start_lock:
            self._is_closed = True
            if self._process is not None:
                self._process.kill()
        if self._request_lock.acquire(
            timeout=_LOCK_SECONDS
        ):  # otherwise the requesting thread ends it at its next sample
            self.end()
            self._request_lock.release()

    def _exchange(self, process: DecoderProcess, header: bytes, data: bytes) -> Answer:
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

    def _prepare_process(self) -> DecoderProcess:
        """Return a process that is ready for an image. Raises DecoderUnavailableError."""
        if not self._is_closed and self._process is not None and self._process.poll() is not None:
            _log.warning("an idle decoder process was ended: status %s", self._process.returncode)
            self.end()  # a system that is short of memory may kill it
        seconds = max(_START_SECONDS, self._patience * self._seconds)
        try:
            process = self._start_process()
            process.wait_until_ready(seconds)
            return process
        except TimeoutError:
            self.end()
            raise _too_busy(seconds) from None
        except (OSError, DecoderLostError) as error:
            _log.warning("a decoder process could not be started: %r", error)
            self.end()
            raise DecoderUnavailableError(_CLOSING if self._is_closed else _NO_PROCESS) from error

    def _start_process(self) -> DecoderProcess:
        """Return the process, started if needed. Raises OSError, and DecoderUnavailableError after close()."""
        with self._start_lock:
            if self._is_closed:
                raise DecoderUnavailableError(_CLOSING)
            self._left_behind = [process for process in self._left_behind if process.poll() is None]
            if self._process is None:
                self._process = DecoderProcess.start(self._limit, self._seconds)
            return self._process


def _too_busy(seconds: float) -> DecoderUnavailableError:
    return DecoderUnavailableError(
        f"the image was not decoded within {seconds:g} s because the server is overloaded; {_AGAIN}"
    )


def _too_costly(seconds: float) -> ImageTooCostlyError:
    message = f"image is too costly to decode: expected less than {seconds:g} s"
    return ImageTooCostlyError(f"{message} and the memory of an image of the most pixels")

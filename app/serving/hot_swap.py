"""Replacement of the runtime in use after a re-embedding, while searches and writes continue."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from app.core.retry_errors import NotReadyError
from app.core.shutdown import Shutdown
from app.database.errors import CheckpointMismatchError
from app.database.read_limits import unlimited
from app.observability.metrics import Metrics
from app.serving.runtime import Runtime, reason_of
from app.settings import Settings

_ATTEMPTS = 3  # at work that re-embeddings interrupt
_RETRY_SECONDS = 10  # before another attempt to serve the new checkpoint
_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class RuntimeSwapper:
    """Holder of the runtime in use, which start() opens."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self._swap_lock = threading.Lock()
        self._next_attempt = 0.0  # earliest time of the next swap, on the monotonic clock
        self._runtime: Runtime | None = None  # before start()

    @property
    def runtime(self) -> Runtime:
        """Runtime in use. Raises RuntimeError before start()."""
        if self._runtime is None:
            raise RuntimeError("no gallery is open: expected start() before")
        return self._runtime

    def start(self) -> None:
        """Open the first runtime. Raises the errors of Runtime.open()."""
        with self._swap_lock:
            self._runtime = Runtime.open(self._settings, self._swap_in_background, self._metrics)

    def close(self, shutdown: Shutdown) -> None:
        """Close the runtime for good, and one that is about to replace it."""
        self._next_attempt = math.inf
        if (runtime := self._runtime) is None:
            return
        runtime.close(shutdown)
        shutdown.close({"another checkpoint": self._wait_for_swap})
        if self.runtime is not runtime:
            self.runtime.close(shutdown)

    async def run(self, work: Callable[[Runtime], Awaitable[_T]]) -> _T:
        """Await `work` with the runtime in use, again if a re-embedding has come in between.

        Raises NotReadyError if the new checkpoint cannot be served.
        """
        for _ in range(_ATTEMPTS - 1):
            with self._acquired() as runtime:
                try:
                    return await work(runtime)
                except CheckpointMismatchError:
                    pass
            if not await asyncio.to_thread(self._swap, runtime):
                message = "the new checkpoint of the gallery is not loaded yet; try again later"
                raise NotReadyError(message, _RETRY_SECONDS)
        with self._acquired() as runtime:
            return await work(runtime)

    @contextmanager
    def _acquired(self) -> Iterator[Runtime]:
        while not (runtime := self.runtime).acquire():
            pass  # it has been replaced since it was read
        try:
            yield runtime
        finally:
            runtime.release()

    def _wait_for_swap(self) -> None:
        with self._swap_lock:
            pass

    def _swap_in_background(self, old: Runtime) -> None:
        """Replace a runtime in a thread of its own, unless a swap is running or has just failed."""
        if not self._swap_lock.locked() and self.runtime is old and time.monotonic() >= self._next_attempt:
            threading.Thread(target=self._swap, args=(old,), name="replace", daemon=True).start()

    def _swap(self, old: Runtime) -> bool:
        """Open the gallery with its new checkpoint and replace the old runtime; return whether that succeeded."""
        with self._swap_lock, unlimited():  # the request that notices the new checkpoint has a limit on its reads
            if self.runtime is not old:
                return True
            if time.monotonic() < self._next_attempt:
                return False
            try:
                self._runtime = Runtime.open(self._settings, self._swap_in_background, self._metrics)
            except Exception as error:  # such as a GPU without memory for both
                # the time stays infinite once this is closed
                self._next_attempt = max(self._next_attempt, time.monotonic() + _RETRY_SECONDS)
                reason = reason_of(error)
                _log.warning("the new checkpoint of the gallery cannot be loaded yet: %s", reason)
                return False
            _log.info("the gallery is served by checkpoint %s now", self.runtime.checkpoint.sha256)
            old.retire()
            return True

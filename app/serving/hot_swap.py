"""Which Serving is the one that serves: replaced beside searches and writes when the gallery is embedded anew."""

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
from app.serving.runtime import Runtime, reason_of
from app.settings import Settings

_ATTEMPTS = 3  # of work that re-embeddings come between
_RETRY_SECONDS = 10  # s before another try to serve what a re-embedding has made
_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class RuntimeSwapper:
    """The Serving of now. Raises what Serving() does."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._replacing = threading.Lock()
        self._from = 0.0  # when it may be replaced, on the monotonic clock
        with self._replacing:
            self.serving = Runtime(settings, self._swap_in_background)

    def close(self, shutdown: Shutdown) -> None:
        """Close it for good, and what is about to take its place."""
        self._from = math.inf
        serving = self.serving
        serving.close(shutdown)
        shutdown.close({"another checkpoint": self._finish_replacing})
        if self.serving is not serving:
            self.serving.close(shutdown)

    async def run(self, work: Callable[[Runtime], Awaitable[_T]]) -> _T:
        """What work gives with what serves now; once more when a re-embedding has come between.

        Raises NotReadyError when what that has made cannot be served.
        """
        for _ in range(_ATTEMPTS - 1):
            with self._acquired() as serving:
                try:
                    return await work(serving)
                except CheckpointMismatchError:
                    pass
            if not await asyncio.to_thread(self._replace, serving):
                message = "the gallery has just got another checkpoint, which cannot be served yet: try again later"
                raise NotReadyError(message, _RETRY_SECONDS)
        with self._acquired() as serving:
            return await work(serving)

    @contextmanager
    def _acquired(self) -> Iterator[Runtime]:
        while not (serving := self.serving).acquire():
            pass  # it has been replaced since it was looked up
        try:
            yield serving
        finally:
            serving.release()

    def _finish_replacing(self) -> None:
        with self._replacing:
            pass

    def _swap_in_background(self, old: Runtime) -> None:
        """Replace what serves, in a thread of its own, unless somebody is at it, or it has failed just now."""
        if not self._replacing.locked() and self.serving is old and time.monotonic() >= self._from:
            threading.Thread(target=self._replace, args=(old,), name="replace", daemon=True).start()

    def _replace(self, old: Runtime) -> bool:
        """Open what the gallery is now beside what serves, and put it in its place; whether that could be done."""
        with self._replacing, unlimited():  # the request that notices it has a limit, and may be a search
            if self.serving is not old:
                return True
            if time.monotonic() < self._from:
                return False
            try:
                self.serving = Runtime(self._settings, self._swap_in_background)
            except Exception as error:  # such as a GPU without memory for both
                self._from = max(self._from, time.monotonic() + _RETRY_SECONDS)  # it stays infinite once this is closed
                reason = reason_of(error)
                _log.warning("the gallery has another checkpoint, but cannot be served by it yet: %s", reason)
                return False
            _log.info("the gallery is served by checkpoint %s now", self.serving.checkpoint.sha256)
            old.retire()
            return True

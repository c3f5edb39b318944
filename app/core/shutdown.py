"""The shutdown of a server: one deadline for closing its parts, after which the process ends."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import NoReturn

SECONDS = 35.0  # s from the signal to the end of the process: less than docker-compose.yml allows
REQUESTS = 30.0  # s of these for accepted requests; the rest is for background work

_MARGIN = 1.0  # s at the end, for the log
_WRITING = 0.3  # s that the log's thread takes for its last line
_log = logging.getLogger(__name__)


class Shutdown:
    """A shutdown that takes at most `seconds` from begin(). All closers share the remaining time.

    `unfinished` names the parts that did not close in time.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end: float | None = None
        self._begun = threading.Event()
        self.unfinished: list[str] = []

    @classmethod
    def unlimited(cls) -> Shutdown:
        """Return a shutdown without a limit, such as for a part of a server that keeps running."""
        return cls(threading.TIMEOUT_MAX)

    def begin(self) -> None:
        """Start the clock unless it is running. Safe in a signal handler."""
        if self._end is None:
            self._end = time.monotonic() + self._seconds
            self._begun.set()

    def left(self) -> float:
        """Return the seconds that are left for closing, and start the clock."""
        self.begin()
        assert self._end is not None
        return max(0.0, self._end - _MARGIN - time.monotonic())

    def close(self, closers: Mapping[str, Callable[[], object]]) -> None:
        """Run named closers in parallel for at most half of the remaining time; the other half is for later calls.

        A closer that takes longer continues in its thread, and its name is added to `unfinished`.
        """
        threads = [threading.Thread(target=_run, args=item, name=item[0], daemon=True) for item in closers.items()]
        end = time.monotonic() + self.left() / 2
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        self.unfinished += [thread.name for thread in threads if thread.is_alive()]

    def enforce(self) -> None:
        """Start a thread that ends the process once the time of a shutdown is over."""
        threading.Thread(target=self._enforce, name="shutdown", daemon=True).start()

    def end_process(self) -> NoReturn:
        """End the process at once with status 1, after logging which parts did not end.

        An orderly exit would wait for threads that may never end.
        """
        alive = [thread.name for thread in threading.enumerate() if not thread.daemon and thread.name != "MainThread"]
        names = ", ".join(dict.fromkeys(self.unfinished + alive)) or "the main thread"
        _log.error("the server stops without waiting any longer for: %s", names)
        time.sleep(_WRITING)
        os._exit(1)

    def _enforce(self) -> None:
        self._begun.wait()
        assert self._end is not None
        time.sleep(max(0.0, self._end - _WRITING - time.monotonic()))
        self.end_process()


def _run(name: str, closer: Callable[[], object]) -> None:
    try:
        closer()
    except Exception:  # the other parts must close too
        _log.exception("%s could not be closed", name)

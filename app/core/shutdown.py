"""The end of a server: one deadline for everything that has to end with it, and the end of the process after that."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import NoReturn

SECONDS = 35.0  # s from the signal until the process is gone: less than docker-compose.yml grants
REQUESTS = 30.0  # s of these for requests that were accepted; the rest is for what works in the background

_MARGIN = 1.0  # s before the end in which the log is written
_WRITING = 0.3  # s in which the thread that writes the log has written its last line
_log = logging.getLogger(__name__)


class Shutdown:
    """A shutdown that takes at most `seconds` from begin() on. All that closes shares what is left of them.

    `unfinished` names what has not closed in its time.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end: float | None = None
        self._begun = threading.Event()
        self.unfinished: list[str] = []

    @classmethod
    def unlimited(cls) -> Shutdown:
        """A shutdown that waits for everything, such as that of a part of a server that goes on."""
        return cls(threading.TIMEOUT_MAX)

    def begin(self) -> None:
        """Start the clock, unless it runs. Safe in a signal handler."""
        if self._end is None:
            self._end = time.monotonic() + self._seconds
            self._begun.set()

    def left(self) -> float:
        """Return the seconds that are left for closing; starts the clock."""
        self.begin()
        assert self._end is not None
        return max(0.0, self._end - _MARGIN - time.monotonic())

    def close(self, closers: Mapping[str, Callable[[], object]]) -> None:
        """Run named closers beside each other for at most half of what is left, so that later ones get some time too.

        One that takes longer goes on in its thread, and its name is added to `unfinished`.
        """
        threads = [threading.Thread(target=_run, args=item, name=item[0], daemon=True) for item in closers.items()]
        end = time.monotonic() + self.left() / 2
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        self.unfinished += [thread.name for thread in threads if thread.is_alive()]

    def enforce(self) -> None:
        """From now on, end the process when the time of a shutdown is over, whatever it still does."""
        threading.Thread(target=self._enforce, name="shutdown", daemon=True).start()

    def end_process(self) -> NoReturn:
        """End the process at once with status 1, after a line in the log that says what did not end.

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
    except Exception:  # the others have to close nonetheless
        _log.exception("%s could not be closed", name)

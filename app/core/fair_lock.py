"""A first-in, first-out lock."""

from __future__ import annotations

import threading
from collections import deque


class FairLock:
    """A lock that threads acquire in the order of their calls, unlike threading.Lock."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._taken = False

    def acquire(self, seconds: float) -> bool:
        """Wait at most `seconds` for the lock. Return whether it was acquired."""
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            granted = threading.Event()
            self._waiting.append(granted)
        if granted.wait(seconds):
            return True
        with self._guard:
            if granted.is_set():  # just after the timeout
                return True
            self._waiting.remove(granted)
            return False

    def release(self) -> None:
        """Release the lock to the thread that has waited longest."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False

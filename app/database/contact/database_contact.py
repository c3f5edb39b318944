"""Whether the catalogue's database answers, as of the last read that tried."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import OperationalError

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class DatabaseContact:
    """Record of the last read: `error` is None if it succeeded. The log has each loss and each return."""

    def __init__(self) -> None:
        self.error: OperationalError | None = None
        self._lost_at = 0.0  # by time.monotonic()

    @property
    def is_up(self) -> bool:
        """Whether the last read succeeded."""
        return self.error is None

    def ask(self, read: Callable[[], _T]) -> _T:
        """Return the result of a read, and record whether it succeeds. Raises the errors of `read`."""
        try:
            result = read()
        except OperationalError as error:
            if self.error is None:
                self._lost_at = time.monotonic()
                reason = str(error.orig).partition("\n")[0]
                _log.warning("the database is away, and searches continue from memory: %s", reason)
            self.error = error
            raise
        if self.error is not None:
            self.error = None
            _log.info("the database is back after %.0f s", time.monotonic() - self._lost_at)
        return result

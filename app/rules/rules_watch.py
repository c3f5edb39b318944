"""Rules in use: read again from their file when it changes, and chosen by the time."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from pathlib import Path

from app.rules.rule import NO_RULES, ActiveRules, active_rules
from app.rules.rules_file import RuleSet, RulesFileError, read_rules

_INTERVAL = 1.0  # s between two looks at the file
_log = logging.getLogger(__name__)


class RulesWatch:
    """Rules of a file, or none without one. Safe to use from many threads.

    A file that cannot be used any more leaves the rules as they are, and is logged once. Raises RulesFileError if it
    cannot be used at the start.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp = self._read_stamp()
        self._looked = time.monotonic()
        self._rules = RuleSet() if path is None else read_rules(path)
        self._active = NO_RULES

    def active(self) -> ActiveRules:
        """Return the rules that act now, as of a file of at most a second ago."""
        if self._path is None:
            return NO_RULES
        if time.monotonic() - self._looked >= _INTERVAL:
            self._looked = time.monotonic()
            self._read_changes(self._path)
        now = active_rules(self._rules.rules, self._rules.bound, datetime.now(UTC))
        if (now.rules, now.bound) != (self._active.rules, self._active.bound):
            self._active = now  # else the old one stays, which knows the weights of products
        return self._active

    def _read_changes(self, path: Path) -> None:
        stamp = self._read_stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._rules = read_rules(path)
            _log.info("%s has changed: %d rules", path, len(self._rules.rules))
        except RulesFileError as error:
            _log.warning("the rules stay as they were: %s", error)

    def _read_stamp(self) -> tuple[int, ...] | None:
        """Return what changes with the file, None if it cannot be looked at."""
        if self._path is None:
            return None
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

"""Rules of a served gallery: of the file that the settings name, else those that are stored in the catalogue."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import OperationalError

from app.catalogue.catalogue import Catalogue
from app.database.merchandising.stored_rules import read_stored_rules, write_stored_rules
from app.rules.rule import NO_RULES, ActiveRules, active_rules
from app.rules.rule_set import InvalidRulesError, RuleSet, parse_rules
from app.rules.rules_file import read_rules_file

_INTERVAL = 1.0  # s between two looks at the text
_log = logging.getLogger(__name__)


class RulesInFileError(ValueError):
    """A change of rules that are in a file, which the server only reads."""


class ShopRules:
    """Rules in use, which a thread keeps up to date from start() to close(). Safe to use from many threads.

    `catalogue` returns the catalogue in use, which a re-embedding replaces. A text that cannot be used any more leaves
    the rules as they are, and is logged once.
    """

    def __init__(self, path: Path | None, catalogue: Callable[[], Catalogue]) -> None:
        self.path, self._catalogue = path, catalogue
        self._text, self._rules = "", RuleSet()
        self._active = NO_RULES
        self._problem = ""  # of the last look
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="rules", daemon=True)

    def start(self) -> None:
        """Read the rules, and follow their changes. Raises InvalidRulesError, and SQLAlchemyError."""
        self._refresh()
        self._thread.start()

    def close(self) -> None:
        """Stop to follow the changes."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def active(self) -> ActiveRules:
        """Return the rules that act now."""
        now = active_rules(self._rules.rules, self._rules.bound, datetime.now(UTC))
        if (now.rules, now.bound) != (self._active.rules, self._active.bound):
            self._active = now  # else the old one stays, which knows the weights of products
        return self._active

    def read(self) -> str:
        """Read the text of the rules as it is now, "" without any. Raises InvalidRulesError, and SQLAlchemyError."""
        if self.path is not None:
            return read_rules_file(self.path)
        with self._catalogue().moment() as connection:
            return read_stored_rules(connection)

    def replace(self, text: str, seen: str | None) -> None:
        """Store a text in place of the one of the version `seen`, or of any. It acts here at once.

        Raises RulesInFileError, InvalidRulesError, RulesChangedError and SQLAlchemyError.
        """
        self.check_stored()
        parse_rules(text)
        with self._catalogue().transaction() as connection:
            write_stored_rules(connection, text, seen)
        with suppress(OperationalError):  # the text is stored, and the thread reads it once the database is back
            self._refresh()

    def check_stored(self) -> None:
        """Check that the rules can be changed here. Raises RulesInFileError."""
        if self.path is not None:
            message = f"the rules are in the file {self.path} (SKETCHFIND_RULES): expected a change of that file"
            raise RulesInFileError(message)

    def _refresh(self) -> bool:
        """Read and parse the rules again if they have changed, and return whether they had."""
        with self._lock:
            text = self.read()
            if text == self._text:
                return False
            self._rules = parse_rules(text, f"{self.path or 'the stored rules'}: ")
            self._text = text
            return True

    def _follow(self) -> None:
        while not self._stopping.wait(_INTERVAL):
            try:
                if self._refresh():
                    _log.info("the rules have changed: %d rules", len(self._rules.rules))
                self._problem = ""
            except OperationalError:
                pass  # the gallery logs that its database is away
            except Exception as error:  # such as a mistake in the file; a later text may be right
                if str(error) != self._problem:
                    level = logging.WARNING if isinstance(error, InvalidRulesError) else logging.ERROR
                    _log.log(level, "the rules stay as they were: %s", error)
                self._problem = str(error)

"""The stored rules of a gallery: one TOML text, which is replaced as a whole."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, delete, insert, select

from app.database.merchandising.tables import stored_rules as _table

_DIGITS = 32  # of a version


class RulesChangedError(ValueError):
    """Rules that are not those that the caller has read."""


def version_of(text: str) -> str:
    """Return the version of a text of rules, by which two texts are compared."""
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def read_stored_rules(connection: Connection) -> str:
    """Return the stored text, "" if there is none."""
    return connection.execute(select(_table.c.text)).scalar() or ""


def write_stored_rules(connection: Connection, text: str, seen: str | None = None) -> None:
    """Replace the text, which the caller has checked.

    Raises RulesChangedError if the stored text does not have the version `seen`; None replaces any.
    """
    stored = version_of(read_stored_rules(connection))
    if seen not in (None, stored):
        raise RulesChangedError(f"the rules have version {stored} and not {seen}: read them again, then change them")
    connection.execute(delete(_table))
    connection.execute(insert(_table), [{"key": 1, "text": text}])

"""Detection of a damaged database, as opposed to one that is unavailable, full or locked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

from app.database.errors import CatalogueError
from app.database.rows import DamagedCatalogueError

_SQLITE_CODES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_POSTGRESQL_CODES = ("XX001", "XX002")  # data_corrupted, index_corrupted
_NOT_UTF8 = "Could not decode to UTF-8"  # sqlite3 has no code for it


def name_damage(engine: Engine) -> None:
    """Make an engine raise DamagedCatalogueError for errors of a damaged database."""
    event.listen(engine, "handle_error", _raise_damage)


@contextmanager
def checked_values() -> Iterator[None]:
    """Use stored values in the block. Raises DamagedCatalogueError for values that no write can have stored."""
    try:
        yield
    except CatalogueError:
        raise
    except (ValueError, TypeError, ArithmeticError) as error:
        raise DamagedCatalogueError(str(error)) from error


def _raise_damage(context: ExceptionContext) -> None:
    error = context.original_exception
    if _is_damage(error):
        raise DamagedCatalogueError(str(error).partition("\n")[0]) from error


def _is_damage(error: BaseException) -> bool:
    code = getattr(error, "sqlite_errorcode", None)  # the lowest byte is the kind, the others are details
    if code is not None:
        return code & 0xFF in _SQLITE_CODES
    if isinstance(error, UnicodeDecodeError) or (isinstance(error, sqlite3.Error) and _NOT_UTF8 in str(error)):
        return True
    return getattr(error, "sqlstate", None) in _POSTGRESQL_CODES

"""Files in a folder, of this machine or of a network file system."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from app.core.atomic_files import write_files
from app.gallery.storage.file_storage import FileStorage

_log = logging.getLogger(__name__)


class FolderStorage(FileStorage):
    """Files in a folder, which the first write creates. Files being written or removed end in ".partial"."""

    parallelism = 1
    is_up = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self) -> None:
        """Do nothing: a folder is always there."""

    def owner(self) -> str | None:
        """Return None: nothing is recorded."""
        return None

    def claim(self, owner: str) -> None:
        """Do nothing: the folder lies in the directory of its gallery."""

    def path(self, name: str) -> Path:
        """Return the path of a file, which may not exist."""
        return self._folder / name

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files durably, in order, all of them or none of those that are new."""
        self._folder.mkdir(parents=True, exist_ok=True)
        write_files(self._folder, files)

    def read(self, name: str) -> bytes:
        """Read a file. Raises FileNotFoundError, and another OSError if it cannot be read."""
        return self.path(name).read_bytes()

    def missing(self, names: Collection[str]) -> set[str]:
        """Return the names that have no file now."""
        return {name for name in names if not _file_exists(self.path(name))}

    def touch(self, names: Collection[str]) -> dict[str, OSError]:
        """Reset the age of files. Missing ones are left out. Returns the error of each file that is not touched."""
        failures: dict[str, OSError] = {}
        for name in names:
            try:
                os.utime(self.path(name))
            except FileNotFoundError:
                pass
            except OSError as error:
                failures[name] = error
        return failures

    def names(self) -> Iterator[str]:
        """Yield the names of all files, in no order, partial ones included."""
        return (entry.name for entry in self._scan())

    def older_than(self, moment: float) -> Iterator[str]:
        """Yield the files that were last written or touched before a time, in s since 1970. Remove partial ones."""
        for entry in self._scan():
            with suppress(FileNotFoundError):
                if entry.stat().st_mtime >= moment:
                    continue
                if entry.name.endswith(".partial"):
                    os.unlink(entry.path)
                else:
                    yield entry.name

    def condemn(self, names: Collection[str], before: float) -> Callable[[], None]:
        """Rename files that were last written or touched before a time, in s since 1970. Returns their removal."""
        condemned: list[str] = []
        for name in names:
            try:
                if _set_aside(self.path(name), before):
                    condemned.append(name)
            except FileNotFoundError:
                pass
            except OSError as error:  # such as a read-only file; the others are still removed
                _log.warning("file %s, which nothing needs, cannot be removed: %s", name, error)
        return partial(self._remove, condemned)

    def _remove(self, condemned: Collection[str]) -> None:
        """Remove renamed files. What cannot be removed is left for older_than()."""
        for name in condemned:
            with suppress(OSError):
                _aside(self.path(name)).unlink()

    def _scan(self) -> Iterator[os.DirEntry[str]]:
        """Yield the entries of the folder, none if it does not exist."""
        yield from os.scandir(self._folder) if self._folder.is_dir() else ()


def _aside(path: Path) -> Path:
    """Return the name that a condemned file has until it is removed."""
    return path.with_suffix(".partial")


def _set_aside(path: Path, before: float) -> bool:
    """Rename a file unless it is newer. Return whether it is renamed.

    It is renamed before the check, so that a writer cannot replace it in between.
    """
    renamed = _aside(path)
    os.rename(path, renamed)
    if is_newer := renamed.stat().st_mtime >= before:
        os.rename(renamed, path)
    return not is_newer


def _file_exists(path: Path) -> bool:
    """Return whether a file exists now. On network file systems stat() may answer from a cache; opening does not."""
    try:
        path.open("rb").close()
    except FileNotFoundError:
        return False
    except OSError:  # the file exists; the error is another one, such as too many open files
        return True
    return True

"""Copies of a gallery's immutable files: its photos, and the feeds of unfinished imports."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.progress import Progress

from app.core.atomic_files import write_atomically
from app.core.map_ahead import map_ahead
from app.gallery.layout import IMPORTS
from app.gallery.photo_store import photo_file, thumbnail_file
from app.gallery.storage.file_storage import FileStorage
from index_builder.gallery.backup.manifest import BackupError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # errors of the target disk, not of the photo


@dataclass
class PhotoCopier:
    """Copier of photos and their thumbnails that copies no file twice."""

    photos: FileStorage
    folder: Path
    earlier: dict[str, str]
    files: dict[str, str] = field(default_factory=dict)  # SHA-256 by file name
    copied: list[str] = field(default_factory=list)  # file names
    missing: dict[str, str] = field(default_factory=dict)  # reason by photo name

    def copy(self, names: Iterable[str], progress: Progress | None = None) -> None:
        """Copy photos into the folder. Raises OSError if its disk is full."""
        self.folder.mkdir(exist_ok=True)
        todo = [name for name in names if thumbnail_file(name) not in self.files]
        task = progress.add_task("Copying photos", total=len(todo)) if progress else None
        at_once = self.photos.parallelism
        with ThreadPoolExecutor(at_once, "copy") as pool:
            for name, problem in zip(todo, map_ahead(pool, self._copy_photo, todo, 2 * at_once), strict=True):
                if problem is not None:
                    self.missing[name] = f"photo {name}: {problem}"
                if progress is not None and task is not None:
                    progress.advance(task)

    def _copy_photo(self, name: str) -> str | None:
        """Copy a photo and its thumbnail. Returns the problem with a photo that cannot be copied, or None.

        Raises OSError if the target's disk is full.
        """
        try:
            self._copy_file(photo_file(name), name)
            self._copy_file(thumbnail_file(name), None)
        except OSError as error:
            if error.errno in _FULL:
                raise
            return f"{Path(error.filename or name).name} cannot be copied ({error.strerror or error})"
        except BackupError as error:
            return str(error)
        return None

    def _copy_file(self, file: str, expected: str | None) -> None:
        """Copy a file unless the earlier backup has it, which must stay complete until this one is.

        Raises OSError if the file cannot be copied, and BackupError if its SHA-256 is not `expected`.
        """
        target = self.folder / file
        sha256 = self.earlier.get(file) if target.is_file() else None
        if sha256 is None:
            target.unlink(missing_ok=True)  # left by a killed backup
            sha256 = write_atomically(target, lambda path: self._write_copy(file, path))
            self.copied.append(file)
        if expected not in (None, sha256):
            target.unlink()
            raise BackupError(f"{file} has SHA-256 {sha256}: expected its name")
        self.files[file] = sha256

    def _write_copy(self, file: str, path: Path) -> None:
        if (source := self.photos.path(file)) is not None:
            _link_or_copy(source, path)
        else:
            path.write_bytes(self.photos.read(file))


def copy_feeds(directory: Path, folder: Path) -> None:
    """Copy the feeds of unfinished imports into a folder. An import that ends meanwhile may be left out."""
    for feed in (directory / IMPORTS).glob("*.feed"):
        target = folder / feed.name
        if not target.is_file():
            with suppress(FileNotFoundError):
                write_atomically(target, lambda path, feed=feed: _link_or_copy(feed, path))  # type: ignore[misc]


def _link_or_copy(source: Path, path: Path) -> None:
    """Hard-link an immutable file, or copy it if the path is on another disk."""
    try:
        os.link(source, path)
    except OSError:
        shutil.copyfile(source, path)

"""Copies of a gallery's immutable files: its photos, and the feeds of unfinished imports."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.progress import Progress

from app.core.atomic_files import write_atomically
from app.gallery.layout import IMPORTS
from app.gallery.photo_store import PhotoStore
from index_builder.gallery.backup.manifest import BackupError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # errors of the target disk, not of the photo


@dataclass
class PhotoCopier:
    """Copier of photos and their thumbnails that copies no file twice."""

    store: PhotoStore
    folder: Path
    earlier: dict[str, str]
    files: dict[str, str] = field(default_factory=dict)  # SHA-256 by file name
    copied: int = 0
    missing: dict[str, str] = field(default_factory=dict)  # reason by photo name

    def copy(self, names: Iterable[str], progress: Progress | None = None) -> None:
        """Copy photos into the folder. Raises OSError if its disk is full."""
        self.folder.mkdir(exist_ok=True)
        todo = [name for name in names if self.store.thumbnail(name).name not in self.files]
        task = progress.add_task("Copying photos", total=len(todo)) if progress else None
        for name in todo:
            photo, thumbnail = self.store.photo(name), self.store.thumbnail(name)
            try:
                self._copy_file(photo, name)
                self._copy_file(thumbnail, None)
            except OSError as error:
                if error.errno in _FULL:
                    raise
                file = Path(error.filename or name).name
                self.missing[name] = f"photo {name}: {file} cannot be copied ({error.strerror})"
            except BackupError as error:
                self.missing[name] = f"photo {name}: {error}"
            if progress is not None and task is not None:
                progress.advance(task)

    def _copy_file(self, source: Path, expected: str | None) -> None:
        """Copy a file unless the earlier backup has it, which must stay complete until this one is.

        Raises OSError if the file cannot be copied, and BackupError if its SHA-256 is not `expected`.
        """
        target = self.folder / source.name
        sha256 = self.earlier.get(source.name) if target.is_file() else None
        if sha256 is None:
            target.unlink(missing_ok=True)  # left by a killed backup
            sha256 = write_atomically(target, lambda path: _link_or_copy(source, path))
            self.copied += 1
        if expected not in (None, sha256):
            target.unlink()
            raise BackupError(f"{source.name} has SHA-256 {sha256}: expected its name")
        self.files[source.name] = sha256


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

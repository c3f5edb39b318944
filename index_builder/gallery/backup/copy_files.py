"""Copies of a gallery's files that never change: its photos, and feeds whose import is not over."""

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

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # of the disk that is written to, and not a fault of the photo


@dataclass
class PhotoCopier:
    """Copies photos with their thumbnails, each once."""

    store: PhotoStore
    folder: Path
    earlier: dict[str, str]
    files: dict[str, str] = field(default_factory=dict)  # SHA-256 by file name
    copied: int = 0
    missing: dict[str, str] = field(default_factory=dict)  # why, by the photo's name

    def copy(self, names: Iterable[str], progress: Progress | None = None) -> None:
        """Have these photos in the folder. Raises OSError when its disk is full."""
        self.folder.mkdir(exist_ok=True)
        todo = [name for name in names if self.store.thumbnail(name).name not in self.files]
        task = progress.add_task("Copying photos", total=len(todo)) if progress else None
        for name in todo:
            photo, thumbnail = self.store.photo(name), self.store.thumbnail(name)
            try:
                self._take(photo, name)
                self._take(thumbnail, None)
            except OSError as error:
                if error.errno in _FULL:
                    raise
                file = Path(error.filename or name).name
                self.missing[name] = f"photo {name}: {file} cannot be copied ({error.strerror})"
            except BackupError as error:
                self.missing[name] = f"photo {name}: {error}"
            if progress is not None and task is not None:
                progress.advance(task)

    def _take(self, source: Path, expected: str | None) -> None:
        """Raises OSError when it cannot be copied, and BackupError unless it has the SHA-256 expected.

        What the earlier backup has is left alone: it must stay whole as long as this one is not.
        """
        target = self.folder / source.name
        known = self.earlier.get(source.name) if target.is_file() else None
        if known is None:
            target.unlink(missing_ok=True)  # of a backup that was killed
            known = write_atomically(target, lambda path: _link(source, path))
            self.copied += 1
        if expected not in (None, known):
            target.unlink()
            raise BackupError(f"{source.name} has SHA-256 {known}: expected its name")
        self.files[source.name] = known


def copy_feeds(directory: Path, folder: Path) -> None:
    """Have the feeds in the folder whose import is not over; one that ends just now may be there or not."""
    for feed in (directory / IMPORTS).glob("*.feed"):
        target = folder / feed.name
        if not target.is_file():
            with suppress(FileNotFoundError):
                write_atomically(target, lambda path, feed=feed: _link(feed, path))  # type: ignore[misc]


def _link(source: Path, path: Path) -> None:
    """The same file, which never changes, by another name, or a copy of it on another disk."""
    try:
        os.link(source, path)
    except OSError:
        shutil.copyfile(source, path)

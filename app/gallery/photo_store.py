"""Store of product photos: WebP files named by their own SHA-256."""

from __future__ import annotations

import hashlib
import logging
import math
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from PIL import Image

from app.core.atomic_files import write_files

_log = logging.getLogger(__name__)


class PhotoStore:
    """Directory of photos <sha256>.webp, each with its thumbnail <sha256>.thumb.webp."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._to_touch: set[str] = set()

    def keep(self, photo: bytes, thumbnail: bytes) -> str:
        """Store a photo and its thumbnail from encode_webp_files(). Returns the photo's SHA-256. Raises OSError."""
        name = hashlib.sha256(photo).hexdigest()
        self.directory.mkdir(parents=True, exist_ok=True)
        # a thumbnail without a photo, after a crash between the two, is found by older_than()
        write_files(self.directory, {self.thumbnail(name).name: thumbnail, self.photo(name).name: photo})
        return name

    def photo(self, sha256: str) -> Path:
        """Return the path of a photo."""
        return self.directory / f"{sha256}.webp"

    def open(self, sha256: str) -> Image.Image:
        """Read a photo. Raises FileNotFoundError, and another OSError for a damaged file."""
        with Image.open(self.photo(sha256)) as image:
            image.load()
            return image

    def size(self, sha256: str) -> tuple[int, int] | None:
        """Return the width and height of a photo in px, from its header, or None if it cannot be read."""
        try:
            with Image.open(self.photo(sha256)) as image:
                return image.size
        except OSError:
            return None

    def thumbnail(self, sha256: str) -> Path:
        """Return the path of a photo's thumbnail."""
        return self.directory / f"{sha256}.thumb.webp"

    def touch(self, sha256: str) -> None:
        """Reset the age of a photo, so that it stays for a while although no product has it. Raises OSError."""
        for path in (self.photo(sha256), self.thumbnail(sha256)):
            with suppress(FileNotFoundError):
                os.utime(path)

    def release(self, sha256s: Iterable[str]) -> None:
        """Reset the age of photos that products no longer have.

        If the disk refuses, touch_released() tries again later. The change of the products is already in the catalogue,
        so it must not fail here.
        """
        self._to_touch.update(sha256s)
        if error := self.touch_released():
            _log.warning("unused photos cannot be touched now, but will be later: %s", error)

    def touch_released(self) -> OSError | None:
        """Touch the photos that release() could not. Returns the error of one that still fails, or None."""
        failure: OSError | None = None
        for name in list(self._to_touch):
            try:
                self.touch(name)
                self._to_touch.discard(name)
            except OSError as error:
                failure = error
        return failure

    def older_than(self, moment: float) -> Iterator[str]:
        """Yield photos with a file that was last stored or touched before a time, in s since 1970. May repeat photos.

        Partial files of that age, left by interrupted writes, are removed.
        """
        for entry in os.scandir(self.directory) if self.directory.is_dir() else ():
            with suppress(FileNotFoundError):
                if entry.stat().st_mtime >= moment:
                    continue
                if entry.name.endswith(".partial"):
                    os.unlink(entry.path)
                else:  # also a thumbnail without a photo, left by an interrupted write
                    yield entry.name.removesuffix(".webp").removesuffix(".thumb")

    def remove(self, sha256: str, before: float = math.inf) -> None:
        """Remove the files of a photo that were last stored or touched before a time, in s since 1970.

        A writer that has stored the photo but not committed its product yet notices the removal, and stores it again.
        """
        for path in (self.photo(sha256), self.thumbnail(sha256)):
            with suppress(FileNotFoundError):
                _remove_older(path, before)

    def has(self, sha256: str) -> bool:
        """Return whether the photo and its thumbnail exist."""
        return _file_exists(self.photo(sha256)) and _file_exists(self.thumbnail(sha256))


def _remove_older(path: Path, before: float) -> None:
    """Remove a file unless it is newer. It is renamed first, so that a writer cannot replace it after the check."""
    renamed = path.with_suffix(".partial")
    os.rename(path, renamed)
    if renamed.stat().st_mtime >= before:
        os.rename(renamed, path)
    else:
        renamed.unlink()


def _file_exists(path: Path) -> bool:
    """Return whether a file exists now. On network file systems stat() may answer from a cache; opening does not."""
    try:
        path.open("rb").close()
    except FileNotFoundError:
        return False
    except OSError:  # the file exists; the error is another one, such as too many open files
        return True
    return True

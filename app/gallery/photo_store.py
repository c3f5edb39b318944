"""Product photos as the gallery keeps and shows them: WebP files that are named by their own SHA-256."""

from __future__ import annotations

import hashlib
import logging
import math
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from PIL import Image

from app.core.atomic_files import write_atomically

_log = logging.getLogger(__name__)


class PhotoStore:
    """A directory of photos <sha256>.webp, each with its thumbnail <sha256>.thumb.webp."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._to_touch: set[str] = set()

    def keep(self, photo: bytes, thumbnail: bytes) -> str:
        """Keep a photo and its thumbnail as webp_files() makes them. Returns the photo's SHA-256. Raises OSError."""
        name = hashlib.sha256(photo).hexdigest()
        self.directory.mkdir(parents=True, exist_ok=True)
        write_atomically(self.thumbnail(name), lambda path: path.write_bytes(thumbnail))
        try:
            write_atomically(self.photo(name), lambda path: path.write_bytes(photo))
        except BaseException:
            if not self.photo(name).is_file():  # else the thumbnail is that of another product, too
                self.thumbnail(name).unlink(missing_ok=True)
            raise
        return name

    def photo(self, sha256: str) -> Path:
        """Where the photo of that SHA-256 is kept."""
        return self.directory / f"{sha256}.webp"

    def open(self, sha256: str) -> Image.Image:
        """The photo itself. Raises FileNotFoundError, and another OSError for a damaged file."""
        with Image.open(self.photo(sha256)) as image:
            image.load()
            return image

    def size(self, sha256: str) -> tuple[int, int] | None:
        """Its width and height in px, from its header; None when it cannot be had."""
        try:
            with Image.open(self.photo(sha256)) as image:
                return image.size
        except OSError:
            return None

    def thumbnail(self, sha256: str) -> Path:
        """Where its thumbnail is kept."""
        return self.directory / f"{sha256}.thumb.webp"

    def touch(self, sha256: str) -> None:
        """Make a photo new, so that it is kept for a while although no product has it any more."""
        for path in (self.photo(sha256), self.thumbnail(sha256)):
            with suppress(FileNotFoundError):
                os.utime(path)

    def release(self, sha256s: Iterable[str]) -> None:
        """Count photos as new which products have just let go.

        Where the disk does not take that, touch_released() does it later: the change that let them go is in the
        catalogue already, so it must not fail for that.
        """
        self._to_touch.update(sha256s)
        if error := self.touch_released():
            _log.warning("photos that products no longer show cannot be touched, and will be later: %s", error)

    def touch_released(self) -> OSError | None:
        """Touch what release() could not; returns why some of it still cannot be."""
        failure: OSError | None = None
        for name in list(self._to_touch):
            try:
                self.touch(name)
                self._to_touch.discard(name)
            except OSError as error:
                failure = error
        return failure

    def older_than(self, moment: float) -> Iterator[str]:
        """Yield photos with a file that was stored or touched last before then, s since 1970, some of them twice.

        Partial files as old, which interrupted writes have left, are removed.
        """
        for entry in os.scandir(self.directory) if self.directory.is_dir() else ():
            with suppress(FileNotFoundError):
                if entry.stat().st_mtime >= moment:
                    continue
                if entry.name.endswith(".partial"):
                    os.unlink(entry.path)
                else:  # a thumbnail without its photo, too, which an interrupted write has left
                    yield entry.name.removesuffix(".webp").removesuffix(".thumb")

    def remove(self, sha256: str, before: float = math.inf) -> None:
        """Remove a photo and its thumbnail, each unless it was stored or touched at `before`, s since 1970, or later.

        A writer that has stored the photo and not yet committed its product notices that, and stores it again.
        """
        for path in (self.photo(sha256), self.thumbnail(sha256)):
            with suppress(FileNotFoundError):
                _remove_older(path, before)

    def has(self, sha256: str) -> bool:
        """Return whether both files are there."""
        return _is_there(self.photo(sha256)) and _is_there(self.thumbnail(sha256))


def _remove_older(path: Path, before: float) -> None:
    """Remove a file unless it is newer. It is renamed first, so that its age and the file removed belong together."""
    gone = path.with_suffix(".partial")
    os.rename(path, gone)
    if gone.stat().st_mtime >= before:
        os.rename(gone, path)
    else:
        gone.unlink()


def _is_there(path: Path) -> bool:
    """Return whether a file exists, as of now: opening asks the server of a network file system, stat() its cache."""
    try:
        path.open("rb").close()
    except FileNotFoundError:
        return False
    except OSError:  # it is there, and something else is wrong, such as too many open files
        return True
    return True

"""Store of product photos: WebP files named by their own SHA-256."""

from __future__ import annotations

import hashlib
import io
import logging
import math
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import chain

from PIL import Image

from app.gallery.storage.file_storage import FileStorage

PHOTO_FILE = re.compile(r"[0-9a-f]{64}(\.thumb)?\.webp")
"""Names of the files of photos and thumbnails."""

_MOST_SIZES = 10_000  # that are remembered
_log = logging.getLogger(__name__)


def photo_file(sha256: str) -> str:
    """Return the name of a photo's file."""
    return f"{sha256}.webp"


def thumbnail_file(sha256: str) -> str:
    """Return the name of the file of a photo's thumbnail."""
    return f"{sha256}.thumb.webp"


class PhotoStore:
    """Photos and their thumbnails in a storage of files, a folder or a bucket."""

    def __init__(self, files: FileStorage) -> None:
        self.files = files
        self._to_touch: set[str] = set()
        self._known_size = lru_cache(_MOST_SIZES)(self._read_size)

    @property
    def is_up(self) -> bool:
        """Whether the storage answered when it was last used."""
        return self.files.is_up

    def keep(self, photo: bytes, thumbnail: bytes) -> str:
        """Store a photo and its thumbnail from encode_webp_files(). Returns the photo's SHA-256. Raises OSError."""
        name = hashlib.sha256(photo).hexdigest()
        # a thumbnail without a photo, after a crash between the two, is found by older_than()
        self.files.write({thumbnail_file(name): thumbnail, photo_file(name): photo})
        return name

    def read(self, sha256: str) -> bytes:
        """Read the file of a photo. Raises FileNotFoundError, and another OSError if it cannot be read."""
        return self.files.read(photo_file(sha256))

    def open(self, sha256: str) -> Image.Image:
        """Read a photo. Raises FileNotFoundError, and another OSError for a damaged file."""
        with Image.open(io.BytesIO(self.read(sha256))) as image:
            image.load()
            return image

    def size(self, sha256: str) -> tuple[int, int] | None:
        """Return the width and height of a photo in px, from its header, or None if it cannot be read."""
        try:
            return self._known_size(sha256)
        except OSError:
            return None

    def _read_size(self, sha256: str) -> tuple[int, int]:
        with Image.open(io.BytesIO(self.read(sha256))) as image:
            return image.size

    def has(self, sha256: str) -> bool:
        """Return whether the photo and its thumbnail exist. Raises OSError if that cannot be known."""
        return not self.missing([sha256])

    def missing(self, sha256s: Iterable[str]) -> set[str]:
        """Return the photos of which a file is missing. Raises OSError if that cannot be known."""
        names = list(sha256s)
        return set(map(_photo_of, self.files.missing(_files_of(names))))

    def release(self, sha256s: Iterable[str]) -> None:
        """Reset the age of photos that products no longer have, so that they stay for a while.

        If the storage refuses, touch_released() tries again later. The change of the products is already in the
        catalogue, so it must not fail here.
        """
        self._to_touch.update(sha256s)
        if error := self.touch_released():
            _log.warning("unused photos cannot be touched now, but will be later: %s", error)

    def touch_released(self) -> OSError | None:
        """Touch the photos that release() could not. Returns the error of one that still fails, or None."""
        names = set(self._to_touch)
        failures = self.files.touch(_files_of(names))
        self._to_touch -= names.difference(map(_photo_of, failures))
        return next(iter(failures.values()), None)

    def older_than(self, moment: float) -> Iterator[str]:
        """Yield photos with a file that was last stored or touched before a time, in s since 1970. May repeat photos.

        Also a thumbnail without a photo is found, and what interrupted writes have left. Other files are left alone.
        """
        return (_photo_of(file) for file in self.files.older_than(moment) if PHOTO_FILE.fullmatch(file))

    def condemn(self, sha256s: Iterable[str], before: float = math.inf) -> Callable[[], None]:
        """Begin to remove photos that were last stored or touched before a time, in s since 1970.

        Called while no product is written. Returns the removal itself, to be called at once. A writer that has stored
        such a photo but not committed its product yet finds it missing, and stores it again.
        """
        return self.files.condemn(_files_of(sha256s), before)


def _files_of(sha256s: Iterable[str]) -> list[str]:
    """Return the names of all files of photos."""
    return list(chain.from_iterable((photo_file(sha256), thumbnail_file(sha256)) for sha256 in sha256s))


def _photo_of(file: str) -> str:
    """Return the photo that a file is of."""
    return file.removesuffix(".webp").removesuffix(".thumb")

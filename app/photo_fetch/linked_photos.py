"""Photos that the items of a source link to: files in its folder, or URLs."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from app.core.error_text import MOST_LINK, cut, truncate
from app.gallery.layout import CACHE
from app.photo_fetch.address_guard import GuardedNetwork
from app.photo_fetch.http_fetcher import RemotePhotos, host_name
from app.photo_fetch.validator_cache import ValidatorCache
from model.preprocessing.images import UnreadableImageError

MAX_PHOTO_BYTES = 64 * 2**20


class PhotoSource(Protocol):
    """Source of photos by link. Many threads use it."""

    def fetch(self, link: str, known: str | None) -> bytes | None:
        """Return the bytes of a photo, or None if it still has the SHA-256 `known`.

        Raises UnreadableImageError and OSError.
        """


class LinkedPhotos:
    """Photos by link. Files must lie below `folder`. Without a folder, as for uploaded feeds, files are refused."""

    def __init__(self, folder: Path | None, gallery: Path, *, allow_private: bool = False) -> None:
        self._folder = folder.resolve() if folder else None
        cache = ValidatorCache(gallery / CACHE / "validators.sqlite")
        self._remote = RemotePhotos(GuardedNetwork(allow_private=allow_private), cache, MAX_PHOTO_BYTES)

    def close(self) -> None:
        """Close connections and files."""
        self._remote.close()

    def stop(self) -> None:
        """Make every fetch raise FetchStoppedError within seconds, including those in progress."""
        self._remote.stop()

    def fetch(self, link: str, known: str | None) -> bytes | None:
        """Return the bytes of a photo, or None if it still has the SHA-256 `known`.

        Raises UnreadableImageError, and FetchStoppedError after stop().
        """
        if "://" in link:
            return self._remote.fetch(link, known)
        return read_photo(self._resolve_file(link))

    def check(self, link: str) -> None:
        """Check a link without fetching its photo. Raises UnreadableImageError."""
        if "://" in link:
            host_name(link)
        elif not (path := self._resolve_file(link)).is_file():
            raise UnreadableImageError(f"photo {cut(str(path), MOST_LINK)} is not there")

    def _resolve_file(self, link: str) -> Path:
        """Return the path of a linked file.

        Raises UnreadableImageError for links that leave the folder, since they could name any file of this machine.
        """
        if self._folder is None:
            expected = "expected http:// or https:// in an uploaded feed"
            raise UnreadableImageError(f"image_link {truncate(link, MOST_LINK)} is a file: {expected}")
        if "\0" in link:
            raise UnreadableImageError(
                f"image_link {truncate(link, MOST_LINK)} is not usable: expected a path without NUL"
            )
        path = (self._folder / link).resolve()
        if not path.is_relative_to(self._folder):
            left = f"image_link {truncate(link, MOST_LINK)} leaves the feed's folder"
            raise UnreadableImageError(f"{left}: expected a file inside it")
        return path


def read_photo(path: Path) -> bytes:
    """Read a photo file. Raises UnreadableImageError if it is absent, unreadable, or too large."""
    shown = cut(str(path), MOST_LINK)
    try:
        if not path.is_file():
            raise UnreadableImageError(f"photo {shown} is not there")
        size = path.stat().st_size
        if size > MAX_PHOTO_BYTES:
            raise UnreadableImageError(f"photo {shown} has {size:,} bytes: expected at most {MAX_PHOTO_BYTES:,}")
        return path.read_bytes()
    except OSError as error:  # its message repeats the whole path
        raise UnreadableImageError(f"photo {shown} cannot be read ({error.strerror})") from None

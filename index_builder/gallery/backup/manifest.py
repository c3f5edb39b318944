"""What a backup consists of: a manifest that vouches for a database, a checkpoint, and a list of photos.

The manifest is written last, and all that it names stays until the next one is: a folder holds its last whole backup,
however the one after that ends.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from app.core.atomic_files import sha256_of, write_atomically

MANIFEST = "backup.json"
MARK = "backup.lock"  # the first file of a backup; holds the gallery's origin
PHOTOS = "photos"

_FORMAT = 1


class BackupError(ValueError):
    """A folder is no whole backup, or not one of this gallery; the message says what is wrong."""


@dataclass(frozen=True)
class BackupManifest:
    """What a backup holds. Files are given by their name in the folder, with their SHA-256."""

    origin: str  # of the gallery: see app/database/state.py
    created: str  # UTC, ISO 8601
    revision: int
    products: int
    photos: int
    catalogue: tuple[str, str]
    photo_list: tuple[str, str]  # as `sha256sum -c` reads it
    checkpoint: tuple[str, str] | None
    imports: tuple[tuple[str, str], ...]  # feeds whose import is not over
    index_manifest: tuple[str, str] | None = None  # of an index that was tuned
    format: int = _FORMAT

    @property
    def files(self) -> list[tuple[str, str]]:
        """All files but the photos."""
        return [self.catalogue, self.photo_list, *filter(None, (self.checkpoint, self.index_manifest)), *self.imports]


def write_manifest(folder: Path, manifest: BackupManifest) -> None:
    """Make a backup count. Raises OSError."""
    write_atomically(folder / MANIFEST, lambda path: path.write_text(json.dumps(asdict(manifest), indent=1)))


def read_manifest(folder: Path) -> BackupManifest:
    """The manifest of a whole backup. Raises BackupError."""
    path = folder / MANIFEST
    expected = "expected a folder that `sketchfind backup` has finished"
    try:
        found = json.loads(path.read_text())
        if found.get("format") != _FORMAT:
            raise BackupError(f"{path} has format {found.get('format')}: expected {_FORMAT}")
        for name in ("catalogue", "photo_list"):
            found[name] = _file(found[name])
        found.setdefault("index_manifest", None)  # of a backup from before that was kept
        for name in ("checkpoint", "index_manifest"):
            found[name] = None if found[name] is None else _file(found[name])
        return BackupManifest(**found | {"imports": tuple(map(_file, found["imports"]))})
    except FileNotFoundError:
        raise BackupError(f"{folder} is no whole backup, it has no {MANIFEST}: {expected}") from None
    except (OSError, json.JSONDecodeError, AttributeError, TypeError, KeyError, IndexError) as error:
        raise BackupError(f"{path} cannot be read ({error}): {expected}") from None


def _file(pair: list[str]) -> tuple[str, str]:
    """A file's name, which leads nowhere else, and its SHA-256."""
    return Path(pair[0]).name, str(pair[1])


def check_file(path: Path, sha256: str) -> None:
    """Raises BackupError unless the file has that SHA-256."""
    found = sha256_of(path) if path.is_file() else "none, it is missing"
    if found != sha256:
        raise BackupError(f"{path} has SHA-256 {found}: expected {sha256}")


def read_photo_list(path: Path) -> dict[str, str]:
    """SHA-256 by file name. Raises BackupError."""
    lines = [line.partition(f"  {PHOTOS}/") for line in path.read_text().splitlines()]
    wrong = next((line for line in lines if not line[1] or "/" in line[2]), None)
    if wrong:
        raise BackupError(f"{path} has the line {''.join(wrong)[:100]!r}: expected 'SHA-256  {PHOTOS}/NAME'")
    return {name: sha256 for sha256, _, name in lines}


def write_photo_list(path: Path, files: dict[str, str]) -> str:
    """Write what read_photo_list() reads; returns its SHA-256."""
    text = "".join(f"{sha256}  {PHOTOS}/{name}\n" for name, sha256 in sorted(files.items()))
    return write_atomically(path, lambda partial: partial.write_text(text))


def clear(folder: Path, files: Iterable[tuple[str, str]], photos: Container[str]) -> None:
    """Remove all but the files and photos of one backup."""
    needed = {MANIFEST, MARK, *(name for name, _ in files)}
    for place, kept in ((folder, needed), (folder / PHOTOS, photos)):
        for path in place.iterdir() if place.is_dir() else ():
            if path.name not in kept and path.is_file():
                path.unlink()


@contextmanager
def left_as_before(folder: Path) -> Iterator[None]:
    """Have nothing but its last whole backup in a folder if the block fails."""
    try:
        yield
    except BaseException:
        with suppress(OSError, ValueError):  # while that cannot be read, nothing is removed
            clear(folder, *_contents(folder))
        raise


def _contents(folder: Path) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """The files of the last whole backup, and those of its photos. Raises OSError and ValueError."""
    if not (folder / MANIFEST).exists():
        return [], {}
    manifest = read_manifest(folder)
    return manifest.files, read_photo_list(folder / manifest.photo_list[0])

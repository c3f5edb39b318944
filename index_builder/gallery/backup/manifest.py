"""Files of a backup: a manifest with the SHA-256 of a database, a checkpoint and a list of photos.

The manifest is written last, and the files that it names are kept until the next manifest is written. A folder
therefore holds its last complete backup, even if a later one fails.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from app.core.atomic_files import sha256_of, write_atomically

MANIFEST = "backup.json"
MARK = "backup.lock"  # the first file that is written; holds the gallery's origin
PHOTOS = "photos"

_FORMAT = 1


class BackupError(ValueError):
    """Folder that is not a complete backup, or not one of this gallery. The message names the problem."""


@dataclass(frozen=True)
class BackupManifest:
    """Contents of a backup. Files are given as (name in the folder, SHA-256)."""

    origin: str  # lineage() of the gallery: see app/database/state.py
    created: str  # UTC, ISO 8601
    revision: int
    products: int
    photos: int
    catalogue: tuple[str, str]
    photo_list: tuple[str, str]  # as `sha256sum -c` reads it
    checkpoint: tuple[str, str] | None
    imports: tuple[tuple[str, str], ...]  # feeds of unfinished imports
    index_manifest: tuple[str, str] | None = None  # only if the index was tuned
    format: int = _FORMAT

    @property
    def files(self) -> list[tuple[str, str]]:
        """All files except the photos."""
        return [self.catalogue, self.photo_list, *filter(None, (self.checkpoint, self.index_manifest)), *self.imports]


def write_manifest(folder: Path, manifest: BackupManifest) -> None:
    """Complete a backup by writing its manifest. Raises OSError."""
    write_atomically(folder / MANIFEST, lambda path: path.write_text(json.dumps(asdict(manifest), indent=1)))


def read_manifest(folder: Path) -> BackupManifest:
    """Read the manifest of a complete backup. Raises BackupError."""
    path = folder / MANIFEST
    expected = "expected a folder that `sketchfind backup` has finished"
    try:
        fields = json.loads(path.read_text())
        if fields.get("format") != _FORMAT:
            raise BackupError(f"{path} has format {fields.get('format')}: expected {_FORMAT}")
        for name in ("catalogue", "photo_list"):
            fields[name] = _parse_file(fields[name])
        fields.setdefault("index_manifest", None)  # absent from backups of older versions
        for name in ("checkpoint", "index_manifest"):
            fields[name] = None if fields[name] is None else _parse_file(fields[name])
        return BackupManifest(**fields | {"imports": tuple(map(_parse_file, fields["imports"]))})
    except FileNotFoundError:
        raise BackupError(f"{folder} is not a complete backup, it has no {MANIFEST}: {expected}") from None
    except (OSError, json.JSONDecodeError, AttributeError, TypeError, KeyError, IndexError) as error:
        raise BackupError(f"{path} cannot be read ({error}): {expected}") from None


def _parse_file(pair: list[str]) -> tuple[str, str]:
    """Parse a file's name, without any folder, and its SHA-256."""
    return Path(pair[0]).name, str(pair[1])


def check_file(path: Path, sha256: str) -> None:
    """Check the SHA-256 of a file. Raises BackupError."""
    actual = sha256_of(path) if path.is_file() else "none, it is missing"
    if actual != sha256:
        raise BackupError(f"{path} has SHA-256 {actual}: expected {sha256}")


def read_photo_list(path: Path) -> dict[str, str]:
    """Read the SHA-256 by photo file name. Raises BackupError."""
    lines = [line.partition(f"  {PHOTOS}/") for line in path.read_text().splitlines()]
    wrong = next((line for line in lines if not line[1] or "/" in line[2]), None)
    if wrong:
        raise BackupError(f"{path} has the line {''.join(wrong)[:100]!r}: expected 'SHA-256  {PHOTOS}/NAME'")
    return {name: sha256 for sha256, _, name in lines}


def write_photo_list(path: Path, files: dict[str, str]) -> str:
    """Write a list that read_photo_list() reads. Returns the SHA-256 of the list."""
    text = "".join(f"{sha256}  {PHOTOS}/{name}\n" for name, sha256 in sorted(files.items()))
    return write_atomically(path, lambda partial: partial.write_text(text))


def remove_other_files(folder: Path, files: Iterable[tuple[str, str]], photos: Container[str]) -> None:
    """Remove all files from a folder except the files and photos of one backup."""
    needed = {MANIFEST, MARK, *(name for name, _ in files)}
    for subfolder, names in ((folder, needed), (folder / PHOTOS, photos)):
        for path in subfolder.iterdir() if subfolder.is_dir() else ():
            if path.name not in names and path.is_file():
                path.unlink()


@contextmanager
def keep_earlier_on_failure(folder: Path) -> Iterator[None]:
    """Remove all files from a folder except its last complete backup if the block fails."""
    try:
        yield
    except BaseException:
        with suppress(OSError, ValueError):  # nothing is removed if that backup cannot be read
            remove_other_files(folder, *_read_contents(folder))
        raise


def _read_contents(folder: Path) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Read the files and the photo files of the last complete backup. Raises OSError and ValueError."""
    if not (folder / MANIFEST).exists():
        return [], {}
    manifest = read_manifest(folder)
    return manifest.files, read_photo_list(folder / manifest.photo_list[0])

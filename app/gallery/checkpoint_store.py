"""Checkpoint files of a gallery. The catalogue names the current checkpoint by its SHA-256.

A re-embedding first stores the next checkpoint in checkpoints/. It then switches the catalogue in one transaction, and
replaces checkpoint.safetensors last. The current checkpoint is therefore always in one of the two places.

If the photos are in a bucket, so is a copy of each checkpoint: servers with other directories fetch it there.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from app.core.atomic_files import sha256_of, write_atomically
from app.gallery.layout import CHECKPOINT_FILE, CHECKPOINTS, GalleryLocation


def checkpoint_file(location: GalleryLocation, sha256: str | None) -> Path:
    """Return the path of the checkpoint with a SHA-256, or checkpoint.safetensors if the gallery lacks it.

    It is fetched from the bucket if the directory lacks it. Raises OSError if that fails.
    """
    main, stored = location.directory / CHECKPOINT_FILE, _stored_path(location.directory, str(sha256))
    if _has_hash(main, sha256):
        return main
    if location.photos_url is not None and sha256 is not None and not _has_hash(stored, sha256):
        with suppress(FileNotFoundError):
            data = location.open_photos().files.read(_shared_name(sha256))
            stored.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(stored, lambda path: path.write_bytes(data))
    return stored if stored.is_file() else main


def share_checkpoint(location: GalleryLocation, path: Path) -> None:
    """Copy a checkpoint to the bucket of the photos, if there is one and lacks it. Raises OSError."""
    if location.photos_url is not None:
        files, name = location.open_photos().files, _shared_name(sha256_of(path))
        if files.missing([name]):
            files.write({name: path.read_bytes()})


def _shared_name(sha256: str) -> str:
    """Return the name of a checkpoint among the files of a bucket."""
    return f"{CHECKPOINTS}/{sha256}.safetensors"


def _stored_path(directory: Path, sha256: str) -> Path:
    """Return the path of a checkpoint in checkpoints/, which may not exist."""
    return directory / CHECKPOINTS / f"{sha256}.safetensors"


def keep_checkpoint(directory: Path, source: Path) -> Path:
    """Copy a checkpoint to checkpoints/, unless it is there. Returns the path of the copy. Raises OSError."""
    stored = _stored_path(directory, sha256_of(source))
    if not _has_hash(stored, stored.stem):
        stored.parent.mkdir(exist_ok=True)
        write_atomically(stored, lambda path: shutil.copyfile(source, path))
    return stored


def settle_checkpoint(directory: Path, sha256: str) -> None:
    """Make a checkpoint of checkpoints/ the gallery's checkpoint.safetensors, after the catalogue switched to it.

    The previous checkpoint stays in checkpoints/, for processes that are about to load it and for going back. Older
    ones are removed. Raises OSError.
    """
    main = directory / CHECKPOINT_FILE
    if _has_hash(main, sha256):
        return
    new = _stored_path(directory, sha256)
    previous = [keep_checkpoint(directory, main)] if main.is_file() else []
    for path in new.parent.iterdir():
        if path not in (*previous, new):
            path.unlink()
    write_atomically(main, lambda path: _link_or_copy(new, path))


def _link_or_copy(source: Path, path: Path) -> None:
    """Hard-link a file, or copy it where links are not supported."""
    try:
        os.link(source, path)
    except OSError:
        shutil.copyfile(source, path)


def _has_hash(path: Path, sha256: str | None) -> bool:
    """Return whether a file exists and has a SHA-256."""
    return path.is_file() and sha256_of(path) == sha256

"""Checkpoint files of a gallery. The catalogue names the current checkpoint by its SHA-256.

A re-embedding first stores the next checkpoint in checkpoints/. It then switches the catalogue in one transaction, and
replaces checkpoint.safetensors last. The current checkpoint is therefore always in one of the two places.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from app.core.atomic_files import sha256_of, write_atomically
from app.gallery.layout import CHECKPOINT_FILE, CHECKPOINTS


def checkpoint_file(directory: Path, sha256: str | None) -> Path:
    """Return the path of the checkpoint with a SHA-256, or checkpoint.safetensors if the gallery lacks it."""
    main, stored = directory / CHECKPOINT_FILE, _stored_path(directory, str(sha256))
    return stored if stored.is_file() and not _has_hash(main, sha256) else main


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

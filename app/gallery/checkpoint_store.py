"""A gallery's checkpoints. Its catalogue says by SHA-256 which one counts, and that is decided in one transaction.

A re-embedding first keeps the file of the next one in checkpoints/, and puts it in the place of checkpoint.safetensors
only after the catalogue has switched. So the one that counts is always in one of the two places.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from app.core.atomic_files import sha256_of, write_atomically
from app.gallery.layout import CHECKPOINT_FILE, CHECKPOINTS


def checkpoint_file(directory: Path, sha256: str | None) -> Path:
    """Where a gallery has the checkpoint of that SHA-256; checkpoint.safetensors, whatever that is, if nowhere."""
    main, kept = directory / CHECKPOINT_FILE, kept_file(directory, str(sha256))
    return kept if kept.is_file() and not _is(main, sha256) else main


def kept_file(directory: Path, sha256: str) -> Path:
    """Where a gallery keeps a checkpoint besides checkpoint.safetensors, if it does."""
    return directory / CHECKPOINTS / f"{sha256}.safetensors"


def keep_checkpoint(directory: Path, source: Path) -> Path:
    """Have a gallery keep a checkpoint, whatever becomes of `source`; returns the file. Raises OSError."""
    kept = kept_file(directory, sha256_of(source))
    if not _is(kept, kept.stem):
        kept.parent.mkdir(exist_ok=True)
        write_atomically(kept, lambda path: shutil.copyfile(source, path))
    return kept


def settle_checkpoint(directory: Path, sha256: str) -> None:
    """Make a kept checkpoint, which the catalogue has switched to, the gallery's checkpoint.safetensors.

    The one before it stays for whoever is about to load it, and to go back to; those before that are removed.
    """
    main = directory / CHECKPOINT_FILE
    if _is(main, sha256):
        return
    before = [keep_checkpoint(directory, main)] if main.is_file() else []
    for path in kept_file(directory, sha256).parent.iterdir():
        if path not in (*before, kept_file(directory, sha256)):
            path.unlink()
    write_atomically(main, lambda path: _link(kept_file(directory, sha256), path))


def _link(source: Path, path: Path) -> None:
    """The same file by another name, or a copy where that cannot be."""
    try:
        os.link(source, path)
    except OSError:
        shutil.copyfile(source, path)


def _is(path: Path, sha256: str | None) -> bool:
    return path.is_file() and sha256_of(path) == sha256

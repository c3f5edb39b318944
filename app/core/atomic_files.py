"""Atomic writes: after a crash or a power cut, a file is either whole or absent."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

_RESERVE = 64 * 2**20  # largest size in bytes that stays free for small writes
_RESERVED_PART = 20  # a disk's size divided by this is the reserve of a small disk


def check_space(folder: Path, size: int = 0) -> None:
    """Check that `size` bytes fit on a folder's disk, with a reserve for the database and single products.

    Raises OSError (ENOSPC) if they do not.
    """
    disk = shutil.disk_usage(folder)
    if disk.free - size < min(_RESERVE, disk.total // _RESERVED_PART):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def write_atomically(path: Path, write: Callable[[Path], object]) -> str:
    """Let `write` fill a temporary file beside `path`, then rename it durably. Return the SHA-256 of its content.

    The name of the temporary file ends in ".partial". It is removed if the write fails.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.partial")
    try:
        write(partial)
        with partial.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        replace_durably(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return sha256


def replace_durably(partial: Path, path: Path) -> None:
    """Force a whole file to disk, rename it to `path` in the same folder, and force the new name to disk."""
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(partial, path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Force a folder's names to disk: after a power cut, a file without its name is lost."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

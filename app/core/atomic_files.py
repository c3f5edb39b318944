"""Files that are whole or absent, whenever the process or the machine stops."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

_RESERVE = 64 * 2**20  # bytes that stay free for small writes, but at most
_SHARE = 20  # one such part of the disk


def check_space(folder: Path, size: int = 0) -> None:
    """Raise OSError unless `size` bytes fit on a folder's disk and leave some for the database and single products."""
    disk = shutil.disk_usage(folder)
    if disk.free - size < min(_RESERVE, disk.total // _SHARE):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def write_atomically(path: Path, write: Callable[[Path], object]) -> str:
    """Have `write` fill a file of another name, force it to disk, then give it its name. Returns its SHA-256."""
    partial = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.partial")
    try:
        write(partial)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        os.replace(partial, path)
        _sync_folder(path.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return sha256


def _sync_folder(folder: Path) -> None:
    """Force to disk which names a folder has: a file's content alone does not survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

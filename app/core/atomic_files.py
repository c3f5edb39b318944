"""Atomic writes: after a crash or a power cut, a file is either whole or absent."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Mapping
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
    partial = _partial_of(path)
    try:
        write(partial)
        with partial.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        replace_durably(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return sha256


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files of these names into a folder durably, in order, all of them or none of those that are new.

    They are forced to disk together, so each takes less time than by write_atomically().
    """
    partials = {folder / name: _partial_of(folder / name) for name in files}
    try:
        for content, partial in zip(files.values(), partials.values(), strict=True):
            partial.write_bytes(content)
            _sync(partial, os.O_RDWR)
        for path, partial in partials.items():
            os.replace(partial, path)
        _sync(folder, os.O_RDONLY)
    except BaseException:
        for partial in partials.values():
            partial.unlink(missing_ok=True)
        raise


def replace_durably(partial: Path, path: Path) -> None:
    """Force a whole file to disk, rename it to `path` in the same folder, and force the new name to disk."""
    _sync(partial, os.O_RDWR)
    os.replace(partial, path)
    _sync(path.parent, os.O_RDONLY)


def _partial_of(path: Path) -> Path:
    """Return the temporary file beside `path` that this thread writes."""
    return path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.partial")


def _sync(path: Path, access: int) -> None:
    """Force a file, or the names in a folder, to disk: after a power cut, a file without its name is lost."""
    descriptor = os.open(path, access)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""Unpacking an archive that came from elsewhere: plain files only, inside the folder only, up to a limit."""

from __future__ import annotations

import errno
import functools
import gzip
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

MAX_UNPACKED = 64 * 2**30  # bytes; more than twice the largest public set

_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_AGAIN = "expected a whole archive; delete it to fetch it again"
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,  # how zipfile says that a password is needed, or that it does not know the compression
)
_OF_ITS_CONTENT = (None, errno.EEXIST, errno.ENOTDIR, errno.EISDIR)  # bz2's own errors; files where folders are to be
_PIECE = 2**20  # bytes
_Member = tuple[str, int, Callable[[], IO[bytes] | None]]  # name, bytes when unpacked, how to open it


def unpacked_folder(path: Path) -> Path | None:
    """Where an archive is unpacked: beside it, by its name without suffix. None for a file that is no archive."""
    for suffix in _SUFFIXES:
        if path.name.lower().endswith(suffix):
            return path.with_name(path.name[: -len(suffix)])
    return None


def unpack(archive: Path, folder: Path, limit: int = MAX_UNPACKED) -> None:
    """Unpack a zip or tar archive into a new folder, which is there whole or not at all.

    Raises ValueError for what is no archive or a damaged one, a path that leads out of the folder, a link or device,
    and more than `limit` bytes.
    """
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    left = limit
    try:
        for name, size, open_member in _files(archive):
            left -= size
            if left < 0:
                raise ValueError(f"{archive} unpacks to more than {limit:,} bytes: refused")
            _write(partial / _inside(archive, name), open_member)
        partial.replace(folder)
    except (*_DAMAGED, OSError) as error:
        if isinstance(error, OSError) and error.errno not in _OF_ITS_CONTENT:
            raise
        raise ValueError(f"{archive} cannot be unpacked ({error}): {_AGAIN}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _files(archive: Path) -> Iterator[_Member]:
    if tarfile.is_tarfile(archive):
        yield from _tar_files(archive)
    elif zipfile.is_zipfile(archive):
        yield from _zip_files(archive)
    else:
        raise ValueError(f"{archive} is no zip or tar archive: {_AGAIN}")


def _tar_files(archive: Path) -> Iterator[_Member]:
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile():
                yield member.name, member.size, functools.partial(tar.extractfile, member)
            elif not member.isdir():
                raise _special(archive, member.name)
        _check_end(tar)


def _check_end(tar: tarfile.TarFile) -> None:
    """Raises ReadError unless the archive is whole: a header that is damaged or cut off ends tarfile's loop, too."""
    assert tar.fileobj is not None
    tar.fileobj.seek(tar.offset)
    if tar.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("it ends before its end marker")
    while tar.fileobj.read(_PIECE):  # to its end, where a compressed one has its checksum
        pass


def _zip_files(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as zipped:
        for entry in zipped.infolist():
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise _special(archive, entry.filename)
            if not entry.is_dir():  # zipfile never reads more than file_size, whatever the data would give
                yield entry.filename, entry.file_size, functools.partial(zipped.open, entry)


def _special(archive: Path, name: str) -> ValueError:
    return ValueError(f"{archive} holds {name!r}, a link or device: expected files and folders only")


def _inside(archive: Path, name: str) -> PurePosixPath:
    """The member's path, which must stay inside the folder on every system. Raises ValueError otherwise."""
    for path in (PurePosixPath(name), PureWindowsPath(name)):
        if path.anchor or ".." in path.parts:
            raise ValueError(f"{archive} holds {name!r}, which leads out of the folder: refused")
    return PurePosixPath(name)


def _write(target: Path, open_member: Callable[[], IO[bytes] | None]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source = open_member()
    if source is None:
        raise tarfile.ReadError(f"{target.name} has no content")
    with source, target.open("wb") as file:
        shutil.copyfileobj(source, file)

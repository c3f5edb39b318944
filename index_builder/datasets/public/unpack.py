"""Safe extraction of downloaded archives: plain files only, inside the folder only, up to a size limit."""

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
    RuntimeError,  # raised by zipfile for a missing password or an unknown compression
)
_CONTENT_ERRNOS = (None, errno.EEXIST, errno.ENOTDIR, errno.EISDIR)  # of bz2; of a file in the place of a folder
_PIECE = 2**20  # bytes
_Member = tuple[str, int, Callable[[], IO[bytes] | None]]  # name, bytes when unpacked, how to open it


def unpacked_folder(path: Path) -> Path | None:
    """Return the folder that an archive is unpacked into: its path without the suffix.

    None for a file that is not an archive.
    """
    for suffix in _SUFFIXES:
        if path.name.lower().endswith(suffix):
            return path.with_name(path.name[: -len(suffix)])
    return None


def unpack(archive: Path, folder: Path, limit: int = MAX_UNPACKED) -> None:
    """Unpack a zip or tar archive into a new folder, completely or not at all.

    Raises ValueError for a file that is not an archive or is damaged, and for more than `limit` bytes. Also for a path
    outside of the folder, a link or a device.
    """
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    bytes_left = limit
    try:
        for name, size, open_member in _iterate_files(archive):
            bytes_left -= size
            if bytes_left < 0:
                raise ValueError(f"{archive} unpacks to more than {limit:,} bytes: refused")
            _write_member(partial / _member_path(archive, name), open_member)
        partial.replace(folder)
    except (*_DAMAGED, OSError) as error:
        if isinstance(error, OSError) and error.errno not in _CONTENT_ERRNOS:
            raise
        raise ValueError(f"{archive} cannot be unpacked ({error}): {_AGAIN}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _iterate_files(archive: Path) -> Iterator[_Member]:
    """Iterate over the files of a zip or tar archive. Raises ValueError for any other file."""
    if tarfile.is_tarfile(archive):
        yield from _iterate_tar_files(archive)
    elif zipfile.is_zipfile(archive):
        yield from _iterate_zip_files(archive)
    else:
        raise ValueError(f"{archive} is not a zip or tar archive: {_AGAIN}")


def _iterate_tar_files(archive: Path) -> Iterator[_Member]:
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile():
                yield member.name, member.size, functools.partial(tar.extractfile, member)
            elif not member.isdir():
                raise _special_file_error(archive, member.name)
        _check_end(tar)


def _check_end(tar: tarfile.TarFile) -> None:
    """Raise ReadError unless the archive is complete.

    The loop of tarfile also ends at a damaged or truncated header.
    """
    assert tar.fileobj is not None
    tar.fileobj.seek(tar.offset)
    if tar.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("it ends before its end marker")
    while tar.fileobj.read(_PIECE):  # up to the end, where a compressed archive has its checksum
        pass


def _iterate_zip_files(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as zipped:
        for entry in zipped.infolist():
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise _special_file_error(archive, entry.filename)
            if not entry.is_dir():  # zipfile never reads more than file_size
                yield entry.filename, entry.file_size, functools.partial(zipped.open, entry)


def _special_file_error(archive: Path, name: str) -> ValueError:
    return ValueError(f"{archive} holds {name!r}, a link or device: expected files and folders only")


def _member_path(archive: Path, name: str) -> PurePosixPath:
    """Return the member's path. Raises ValueError when it leaves the folder on any system."""
    for path in (PurePosixPath(name), PureWindowsPath(name)):
        if path.anchor or ".." in path.parts:
            raise ValueError(f"{archive} holds {name!r}, which leads out of the folder: refused")
    return PurePosixPath(name)


def _write_member(target: Path, open_member: Callable[[], IO[bytes] | None]) -> None:
    """Write one member to `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source = open_member()
    if source is None:
        raise tarfile.ReadError(f"{target.name} has no content")
    with source, target.open("wb") as file:
        shutil.copyfileobj(source, file)

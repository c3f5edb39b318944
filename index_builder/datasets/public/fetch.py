"""Fetching of public data sets: download, check and unpack. A second run does only the missing steps.

A published checksum is used if there is one. Otherwise the first download is trusted: after unpacking, its SHA-256 is
written beside it as NAME.sha256, in the format of sha256sum. Later downloads must match it.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.progress import Progress

from app.core.atomic_files import sha256_of, write_atomically
from index_builder.datasets.public.download import PAUSES, DownloadError, download
from index_builder.datasets.public.registry import PublicFile, PublicSet
from index_builder.datasets.public.unpack import unpack, unpacked_folder

_SECONDS = 30.0  # timeout of a connection, and of an answer's next byte
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "sketchfind"}  # identity: else sizes are the encoding's

PUBLISHED, RECORDED, FIRST = "the published one", "an earlier download", "nothing"


@dataclass(frozen=True)
class FetchedFile:
    """A downloaded file.

    `checked` is the source of the expected checksum: PUBLISHED, RECORDED or FIRST (nothing).
    """

    path: Path
    size: int  # bytes
    sha256: str
    checked: str


@dataclass(frozen=True)
class FetchReport:
    """The data set in its folder, and the commands that read it, in order.

    `files` does not list archives that an earlier run unpacked.
    """

    name: str
    folder: Path
    files: tuple[FetchedFile, ...]
    commands: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{self.name} is in {self.folder}."]
        lines += [
            f"{file.path.name}: {file.size:,} bytes, SHA-256 {file.sha256} (compared with {file.checked})"
            for file in self.files
        ]
        if any(file.checked == FIRST for file in self.files):
            lines.append("No checksum is published; the one computed is kept beside the file to check later downloads.")
        if not self.commands:
            return "\n".join([*lines, "It has no folder of a known layout; docs/datasets.md lists the layouts."])
        return "\n".join([*lines, "Read it with:", *self.commands])

    def as_json(self) -> dict[str, Any]:
        """Return the report for programs."""
        files = [
            {"file": str(file.path), "size": file.size, "sha256": file.sha256, "checked": file.checked}
            for file in self.files
        ]
        return {"name": self.name, "folder": str(self.folder), "files": files, "commands": list(self.commands)}


def fetch(
    public_set: PublicSet, folder: Path, progress: Progress | None = None, pauses: Sequence[float] = PAUSES
) -> FetchReport:
    """Download a data set into the folder, unless the folder already has all of it.

    An archive that was put there by hand is treated like a download. A bar for each download is added to `progress`;
    `pauses` are those of download().

    Raises ValueError for a dead link, an unexpected size or checksum, and an archive that must not be unpacked. Also if
    the set has to be fetched by hand; the message says from where and to which folder.
    """
    bars = progress or Progress(disable=True)
    folder.mkdir(parents=True, exist_ok=True)
    files = () if _is_complete(public_set, folder) else public_set.files or _list_archives(folder)
    with httpx.Client(headers=_HEADERS, follow_redirects=True, timeout=_SECONDS) as client:

        def get(url: str, path: Path) -> None:
            with _show_bar(bars, path.name) as report:
                download(url, path, client, report, pauses)

        try:
            fetched = [_fetch_file(file, folder / file.name, get) for file in files]
        except DownloadError as error:
            raise _manual_download_error(public_set, folder, str(error)) from error
    data = _find_data_folders(public_set, folder)
    if not files and not data:
        raise _manual_download_error(public_set, folder, "it cannot be downloaded automatically")
    commands = _format_commands(public_set, data)
    return FetchReport(public_set.name, folder, tuple(file for file in fetched if file), commands)


def _fetch_file(file: PublicFile, path: Path, get: Callable[[str, Path], None]) -> FetchedFile | None:
    """Download the file if it is missing, then check, unpack and record it.

    Returns None for an archive that an earlier run has unpacked.
    """
    unpacked = unpacked_folder(path)
    if unpacked is not None and unpacked.is_dir():
        return None
    if not path.is_file():
        get(file.url, path)
    fetched = _check_file(file, path)
    if unpacked is not None:
        unpack(path, unpacked)
    checksum_line = f"{fetched.sha256}  {path.name}\n"
    write_atomically(_record_path(path), lambda target: target.write_text(checksum_line))
    return fetched


@contextmanager
def _show_bar(progress: Progress, name: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a bar while one file is downloaded.

    Yields a callback that takes the number of bytes so far, and the total.
    """
    task = progress.add_task(name, total=None)
    try:
        yield lambda there, whole: progress.update(task, completed=there, total=whole)
    finally:
        progress.remove_task(task)


def _check_file(file: PublicFile, path: Path) -> FetchedFile:
    """Compare size and checksum with the published ones, else with the record.

    Raises ValueError if either differs.
    """
    size, sha256, record = path.stat().st_size, sha256_of(path), _record_path(path)
    again = f"delete {path} to download it again"
    if file.size is not None and size != file.size:
        raise ValueError(f"{path} has {size:,} bytes, expected {file.size:,}: {again}")
    if file.sha256 is not None:
        expected, checked = file.sha256, PUBLISHED
    elif record.is_file():
        expected, checked = record.read_text().partition(" ")[0], RECORDED
        again += f", or delete {record} to accept this file"
    else:
        expected, checked = sha256, FIRST
    if sha256 != expected:
        raise ValueError(f"{path} has SHA-256 {sha256}, expected {expected} ({checked}): {again}")
    return FetchedFile(path, size, sha256, checked)


def _record_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _list_archives(folder: Path) -> tuple[PublicFile, ...]:
    """List the archives that were put into the folder by hand."""
    paths = sorted(path for path in folder.iterdir() if path.is_file() and unpacked_folder(path))
    return tuple(PublicFile(path.name, url="") for path in paths)


def _find_data_folders(public_set: PublicSet, folder: Path) -> list[Path]:
    """List the readable folders: the first match of each pattern, without those of partly unpacked archives."""
    if not public_set.data:
        return [folder]
    candidates = (
        [path for path in folder.glob(pattern) if not _is_partial(path, folder)] for pattern in public_set.data
    )
    matches = [min(paths) for paths in candidates if paths]
    return [path if path.is_dir() else path.parent for path in matches]


def _is_complete(public_set: PublicSet, folder: Path) -> bool:
    return bool(public_set.data) and len(_find_data_folders(public_set, folder)) == len(public_set.data)


def _is_partial(path: Path, folder: Path) -> bool:
    return any(part.endswith(".partial") for part in path.relative_to(folder).parts)


def _format_commands(public_set: PublicSet, data: Sequence[Path]) -> tuple[str, ...]:
    names = [public_set.name] if len(data) == 1 else [path.name.lower() for path in data]
    return tuple(
        command.format(data=shlex.quote(str(path)), name=name)
        for path, name in zip(data, names, strict=True)
        for command in public_set.commands
    )


def _manual_download_error(public_set: PublicSet, folder: Path, why: str) -> ValueError:
    instruction = f"{public_set.by_hand}, put it into {folder}, and run the same command again"
    return ValueError(f"{public_set.name}: {why}; {instruction} (home page: {public_set.home})")

"""Public data sets: download, check, unpack. Run again, it only does what is missing.

A checksum is the published one if there is one. Otherwise the first download is trusted: once it has been unpacked, its
SHA-256 is written beside it as NAME.sha256 (the form that sha256sum reads), and later downloads must agree with that.
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

_SECONDS = 30.0  # without a connection, or without a byte of an answer
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "sketchfind"}  # identity: sizes and ranges are the file's own

PUBLISHED, RECORDED, FIRST = "the published one", "an earlier download", "nothing"


@dataclass(frozen=True)
class FetchedFile:
    """A file that is there. `checked`: what its checksum was compared with, PUBLISHED, RECORDED or FIRST (nothing)."""

    path: Path
    size: int  # bytes
    sha256: str
    checked: str


@dataclass(frozen=True)
class FetchReport:
    """What is in the folder now, and which commands read it, in order. What was unpacked before is not in `files`."""

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
            lines.append("No checksum is published: it is kept beside the file, to check later downloads with.")
        if not self.commands:
            return "\n".join([*lines, "No folder of a known layout is in it: docs/datasets.md says what can be read."])
        return "\n".join([*lines, "Read it with:", *self.commands])

    def as_json(self) -> dict[str, Any]:
        """The same for a program."""
        files = [
            {"file": str(file.path), "size": file.size, "sha256": file.sha256, "checked": file.checked}
            for file in self.files
        ]
        return {"name": self.name, "folder": str(self.folder), "files": files, "commands": list(self.commands)}


def fetch(
    public_set: PublicSet, folder: Path, progress: Progress | None = None, pauses: Sequence[float] = PAUSES
) -> FetchReport:
    """Bring a data set into the folder, unless all of it is there, such as what a person unpacked.

    An archive that a person put there is taken as if it had been downloaded.

    A bar for each download is added to `progress`; `pauses` are download's. Raises ValueError, in one line, when a link
    is dead or a person has to fetch the set (it says where, and where to put it), when a size or checksum is not the
    expected one, and for an archive that must not be unpacked.
    """
    bars = progress or Progress(disable=True)
    folder.mkdir(parents=True, exist_ok=True)
    files = () if _is_complete(public_set, folder) else public_set.files or _archives(folder)
    with httpx.Client(headers=_HEADERS, follow_redirects=True, timeout=_SECONDS) as client:

        def get(url: str, path: Path) -> None:
            with _bar(bars, path.name) as report:
                download(url, path, client, report, pauses)

        try:
            fetched = [_bring(file, folder / file.name, get) for file in files]
        except DownloadError as error:
            raise _ask_a_person(public_set, folder, str(error)) from error
    data = _data_folders(public_set, folder)
    if not files and not data:
        raise _ask_a_person(public_set, folder, "no program can download it")
    commands = _commands(public_set, data)
    return FetchReport(public_set.name, folder, tuple(file for file in fetched if file), commands)


def _bring(file: PublicFile, path: Path, get: Callable[[str, Path], None]) -> FetchedFile | None:
    """Download unless it is there, check, unpack, record. None for an archive that an earlier run has unpacked."""
    unpacked = unpacked_folder(path)
    if unpacked is not None and unpacked.is_dir():
        return None
    if not path.is_file():
        get(file.url, path)
    fetched = _check(file, path)
    if unpacked is not None:
        unpack(path, unpacked)
    line = f"{fetched.sha256}  {path.name}\n"
    write_atomically(_record(path), lambda target: target.write_text(line))
    return fetched


@contextmanager
def _bar(progress: Progress, name: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar while one file comes, and what to tell it: the bytes that are there, and the whole."""
    task = progress.add_task(name, total=None)
    try:
        yield lambda there, whole: progress.update(task, completed=there, total=whole)
    finally:
        progress.remove_task(task)


def _check(file: PublicFile, path: Path) -> FetchedFile:
    """Size and checksum against what is published, else against the record. Raises ValueError if either differs."""
    size, sha256, record = path.stat().st_size, sha256_of(path), _record(path)
    again = f"delete {path} to download it again"
    if file.size is not None and size != file.size:
        raise ValueError(f"{path} has {size:,} bytes, expected {file.size:,}: {again}")
    if file.sha256 is not None:
        expected, checked = file.sha256, PUBLISHED
    elif record.is_file():
        expected, checked = record.read_text().partition(" ")[0], RECORDED
        again += f", or {record} to take this one from now on"
    else:
        expected, checked = sha256, FIRST
    if sha256 != expected:
        raise ValueError(f"{path} has SHA-256 {sha256}, expected {expected} ({checked}): {again}")
    return FetchedFile(path, size, sha256, checked)


def _record(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _archives(folder: Path) -> tuple[PublicFile, ...]:
    """What a person put there."""
    paths = sorted(path for path in folder.iterdir() if path.is_file() and unpacked_folder(path))
    return tuple(PublicFile(path.name, url="") for path in paths)


def _data_folders(public_set: PublicSet, folder: Path) -> list[Path]:
    """The folders that can be read: the first match of each pattern, but none of a half unpacked archive."""
    if not public_set.data:
        return [folder]
    found = ([path for path in folder.glob(pattern) if not _is_partial(path, folder)] for pattern in public_set.data)
    matches = [min(paths) for paths in found if paths]
    return [path if path.is_dir() else path.parent for path in matches]


def _is_complete(public_set: PublicSet, folder: Path) -> bool:
    return bool(public_set.data) and len(_data_folders(public_set, folder)) == len(public_set.data)


def _is_partial(path: Path, folder: Path) -> bool:
    return any(part.endswith(".partial") for part in path.relative_to(folder).parts)


def _commands(public_set: PublicSet, data: Sequence[Path]) -> tuple[str, ...]:
    names = [public_set.name] if len(data) == 1 else [path.name.lower() for path in data]
    return tuple(
        command.format(data=shlex.quote(str(path)), name=name)
        for path, name in zip(data, names, strict=True)
        for command in public_set.commands
    )


def _ask_a_person(public_set: PublicSet, folder: Path, why: str) -> ValueError:
    what = f"{public_set.by_hand}, put it into {folder}, and run the same command again"
    return ValueError(f"{public_set.name}: {why}; {what} (home page: {public_set.home})")

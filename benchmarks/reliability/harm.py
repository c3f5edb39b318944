"""Harm that is done to servers and their galleries while clients write to them, for benchmarks.reliability.crash."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.support.server_process import Server, send
from benchmarks.support.write_clients import Writer

_DAMAGES = ("cut", "empty", "bit", "missing")
_SPACE = 64  # MiB of the file system that fills up
_RECOVERY = 90.0  # s within which photos have to be decoded again


def harm(servers: Sequence[Server], writers: Sequence[Writer], chance: random.Random) -> str:
    """Harm processes that run, in one way or in none; what was done.

    Raises AssertionError when no photo is accepted any more after decoders were killed or stopped.
    """
    way = chance.choice(("unharmed", "server stopped", "decoders killed", "decoders stopped"))
    if way == "server stopped":
        server = chance.choice(servers)
        server.pause()
        time.sleep(chance.uniform(0.5, 4.0))
        server.resume()
    elif way != "unharmed":
        _harm_decoders(servers, signal.SIGKILL if way == "decoders killed" else signal.SIGSTOP, chance)
        _await_photo(writers)
    return way


def _harm_decoders(servers: Sequence[Server], number: int, chance: random.Random) -> None:
    """Send a signal to some decoders of each server, to one at least."""
    for server in servers:
        decoders = server.decoders()
        send(number, chance.sample(decoders, chance.randint(min(1, len(decoders)), len(decoders))))


def _await_photo(writers: Sequence[Writer]) -> None:
    """Wait until products with photos are accepted as before."""
    before, deadline = _photos(writers), time.monotonic() + _RECOVERY
    while _photos(writers) == before and not any(writer.faults for writer in writers):
        assert time.monotonic() < deadline, f"no photo was accepted within {_RECOVERY:g} s after decoders were harmed"
        time.sleep(0.05)


def _photos(writers: Sequence[Writer]) -> int:
    return sum(writer.answers["put"] for writer in writers)


def end(server: Server, chance: random.Random) -> str:
    """End a server; how. Raises AssertionError when it does not end."""
    way = chance.choices(("killed", "killed while stopped", "ended by SIGTERM"), (13, 4, 3))[0]
    if way == "ended by SIGTERM":
        server.stop()
        return way
    if way == "killed while stopped":
        server.pause()
        time.sleep(chance.uniform(0.2, 3.0))
    server.kill()
    return way


def damage(gallery: Path, chance: random.Random) -> str:
    """Spoil a file of the index; how."""
    path = chance.choice(sorted((gallery / "index").iterdir()))
    how, size = chance.choice(_DAMAGES), path.stat().st_size
    if how == "missing":
        path.unlink()
    elif how in ("cut", "empty"):
        with path.open("r+b") as file:
            file.truncate(0 if how == "empty" else chance.randrange(max(1, size)))
    elif size:
        place = chance.randrange(size)
        with path.open("r+b") as file:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ 1 << chance.randrange(8)]))
    return how


def fill(disk: Path) -> bool:
    """Leave no room on the disk; whether there is a disk that may be filled."""
    if not disk.is_mount():
        return False
    try:
        with (disk / "filler").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(2**16))
    except OSError:
        return True


@contextmanager
def small_disk(path: Path) -> Iterator[Path]:
    """A small file system of its own at `path`, or a plain folder for those who may not mount one."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SPACE}m", "tmpfs", str(path)]
    is_mounted = subprocess.run(mount, capture_output=True).returncode == 0
    try:
        yield path
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(path)], check=True)

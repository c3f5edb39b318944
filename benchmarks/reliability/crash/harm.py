"""Harm to servers and their galleries while clients write to them, for benchmarks.reliability.crash."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.reliability.crash.product_writer import ProductWriter
from benchmarks.support.server_process import Server, send_signal

_DAMAGES = ("cut", "empty", "bit", "missing")
_SPACE = 64  # MiB of the file system to fill
_RECOVERY = 90.0  # s until photos must be decoded again


def harm_processes(servers: Sequence[Server], writers: Sequence[ProductWriter], rng: random.Random) -> str:
    """Harm running processes in a random way, or not at all, and return a description.

    Raises AssertionError if photos are not accepted again after decoders were killed or stopped.
    """
    way = rng.choice(("unharmed", "server stopped", "decoders killed", "decoders stopped"))
    if way == "server stopped":
        server = rng.choice(servers)
        server.pause()
        time.sleep(rng.uniform(0.5, 4.0))
        server.resume()
    elif way != "unharmed":
        _harm_decoders(servers, signal.SIGKILL if way == "decoders killed" else signal.SIGSTOP, rng)
        _await_photo(writers)
    return way


def _harm_decoders(servers: Sequence[Server], number: int, rng: random.Random) -> None:
    """Send a signal to at least one decoder of each server."""
    for server in servers:
        decoders = server.decoders()
        send_signal(number, rng.sample(decoders, rng.randint(min(1, len(decoders)), len(decoders))))


def _await_photo(writers: Sequence[ProductWriter]) -> None:
    """Wait until products with photos are accepted as before."""
    before, deadline = _count_photos(writers), time.monotonic() + _RECOVERY
    while _count_photos(writers) == before and not any(writer.faults for writer in writers):
        assert time.monotonic() < deadline, f"no photo was accepted within {_RECOVERY:g} s after decoders were harmed"
        time.sleep(0.05)


def _count_photos(writers: Sequence[ProductWriter]) -> int:
    return sum(writer.answers["put"] for writer in writers)


def end_server(server: Server, rng: random.Random) -> str:
    """End a server in a random way and return a description. Raises AssertionError if it does not end."""
    way = rng.choices(("killed", "killed while stopped", "ended by SIGTERM"), (13, 4, 3))[0]
    if way == "ended by SIGTERM":
        server.stop()
        return way
    if way == "killed while stopped":
        server.pause()
        time.sleep(rng.uniform(0.2, 3.0))
    server.kill()
    return way


def damage_index(gallery: Path, rng: random.Random) -> str:
    """Damage a file of the index and return a description."""
    path = rng.choice(sorted((gallery / "index").iterdir()))
    how, size = rng.choice(_DAMAGES), path.stat().st_size
    if how == "missing":
        path.unlink()
    elif how in ("cut", "empty"):
        with path.open("r+b") as file:
            file.truncate(0 if how == "empty" else rng.randrange(max(1, size)))
    elif size:
        place = rng.randrange(size)
        with path.open("r+b") as file:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ 1 << rng.randrange(8)]))
    return how


def fill_disk(disk: Path) -> bool:
    """Fill the disk; return False if `disk` is not a file system of its own."""
    if not disk.is_mount():
        return False
    try:
        with (disk / "filler").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(2**16))
    except OSError:
        return True


@contextmanager
def mount_small_disk(path: Path) -> Iterator[Path]:
    """Mount a small file system at `path`, or make a plain directory without the right to mount."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SPACE}m", "tmpfs", str(path)]
    is_mounted = subprocess.run(mount, capture_output=True).returncode == 0
    try:
        yield path
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(path)], check=True)

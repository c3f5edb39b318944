"""How many threads may compute: as many as this process has processors, which may be fewer than the machine has.

A container's share is a quota of its control group, and `taskset` or a scheduler sets a mask. Libraries look at the
mask at best: in a share of a large machine they would start a thread for each of its cores, which hinder one another.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

_SEARCHING = 2  # batches of searches that are computed side by side
_POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def available_cpus(proc: Path = Path("/proc/self"), groups: Path = Path("/sys/fs/cgroup")) -> int:
    """Processors that this process may use at once, at least 1: those of its mask, or its quota where that is less."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min(allowed, *_quotas(proc, groups), float("inf"))))


def set_default_pool_sizes() -> None:
    """Have all pools of threads that are made from now on be of that size, unless the environment has another.

    Called before torch and FAISS are imported: what they bring reads it once.
    """
    for name in _POOLS:
        os.environ.setdefault(name, str(available_cpus()))


def limit_threads(count: int | None) -> int:
    """Compute by so many threads, else by as many as OMP_NUM_THREADS says, else as there are processors; how many."""
    import cv2  # only here: to start a process that needs none of them takes seconds less

    wanted = count or _chosen() or available_cpus()
    set_compute_threads(wanted)
    cv2.setNumThreads(wanted)
    return wanted


def _chosen() -> int:
    """What the environment asks for, which may be a number for each level of nesting: the first; 0 when it is none."""
    first = os.environ.get(_POOLS[0], "").partition(",")[0].strip()
    return int(first) if first.isdecimal() else 0


def set_compute_threads(count: int) -> None:
    """Have torch and FAISS compute by so many threads whatever this thread asks of them."""
    import faiss
    import torch

    torch.set_num_threads(count)
    faiss.omp_set_num_threads(count)


def threads_per_batch(count: int) -> list[int]:
    """By how many of `count` threads a search is computed when one, two, ... batches of them are at work.

    While a part of one that is not parallel runs, the other has the processors; and where each has one, none waits for
    another that somebody else holds up.
    """
    return [count // busy for busy in range(1, min(_SEARCHING, count) + 1)]


def _quotas(proc: Path, groups: Path) -> Iterator[float]:
    """Processors' worth of time that this process's control group, and those above it, may take."""
    with suppress(OSError):
        for line in (proc / "cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            for group in _and_above(path):
                if not controllers:
                    yield from _quota(groups / group / "cpu.max")
                elif "cpu" in controllers.split(","):
                    for mount in ("cpu", controllers):
                        yield from _quota(groups / mount / group / "cpu.cfs_quota_us")


def _and_above(path: str) -> list[str]:
    """A control group's path and those of all above it; a container may see its own as the topmost."""
    inside = PurePosixPath(path.lstrip("/"))
    return [str(each) for each in (inside, *inside.parents)]


def _quota(file: Path) -> Iterator[float]:
    """What a file allows: of version 2, "QUOTA PERIOD", or of version 1, with the period beside it."""
    with suppress(OSError, ValueError):
        words = file.read_text().split()
        if file.name != "cpu.max":
            words += (file.parent / "cpu.cfs_period_us").read_text().split()
        quota, period = map(float, words)
        if quota > 0 and period > 0:
            yield quota / period

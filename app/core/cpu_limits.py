"""CPU limits of this process, and sizes of thread pools that respect them.

A container's limit is a quota of its control group; `taskset` or a scheduler sets an affinity mask. Libraries honour
the mask at best. Under a quota they would start one thread for each core of the machine, and the threads would contend.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

_CONCURRENT_BATCHES = 2  # of searches
_POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def available_cpus(proc: Path = Path("/proc/self"), groups: Path = Path("/sys/fs/cgroup")) -> int:
    """Return how many CPUs this process may use at once, at least 1: the lower of its mask and its quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min(allowed, *_quotas(proc, groups), float("inf"))))


def set_default_pool_sizes() -> None:
    """Set the default size of new thread pools to OMP_NUM_THREADS, or to the available CPUs if that is not set.

    Call it before torch and FAISS are imported: their libraries read the environment once. Pools of different sizes
    would not do: torch takes the size of MKL's for its own, whatever OMP_NUM_THREADS says.
    """
    size = _configured_threads() or available_cpus()
    for name in _POOLS:
        os.environ.setdefault(name, str(size))


def limit_threads(count: int | None) -> int:
    """Set the number of compute threads, and return it.

    The default is OMP_NUM_THREADS, or the number of available CPUs if that is not set.
    """
    import cv2  # imported late: processes without these libraries start seconds earlier

    threads = count or _configured_threads() or available_cpus()
    set_compute_threads(threads)
    cv2.setNumThreads(threads)
    return threads


def _configured_threads() -> int:
    """Return the number of threads that the environment sets, 0 if it sets none.

    The variable may hold one number for each level of nesting; the first counts.
    """
    first = os.environ.get(_POOLS[0], "").partition(",")[0].strip()
    return int(first) if first.isdecimal() else 0


def set_compute_threads(count: int) -> None:
    """Set how many threads torch and FAISS use for calls of the current thread."""
    import faiss
    import torch

    torch.set_num_threads(count)
    faiss.omp_set_num_threads(count)


def threads_per_batch(count: int) -> list[int]:
    """Divide `count` threads: item n - 1 is the number of threads per batch while n batches run.

    Two batches at once use the CPUs better: one computes while the other is in a part that is not parallel. With one
    thread for each batch, a batch never waits for a thread that another process delays.
    """
    return [count // busy for busy in range(1, min(_CONCURRENT_BATCHES, count) + 1)]


def _quotas(proc: Path, groups: Path) -> Iterator[float]:
    """Yield the CPU quotas of this process's control group and of those above it, in CPUs."""
    with suppress(OSError):
        for line in (proc / "cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            for group in _with_parents(path):
                if not controllers:
                    yield from _read_quota(groups / group / "cpu.max")
                elif "cpu" in controllers.split(","):
                    for mount in ("cpu", controllers):
                        yield from _read_quota(groups / mount / group / "cpu.cfs_quota_us")


def _with_parents(path: str) -> list[str]:
    """Return a control group's path and those of all its parents. A container may see its own group as the root."""
    inside = PurePosixPath(path.lstrip("/"))
    return [str(group) for group in (inside, *inside.parents)]


def _read_quota(file: Path) -> Iterator[float]:
    """Yield the quota of a file, in CPUs: version 2 has "QUOTA PERIOD", version 1 has the period in a second file."""
    with suppress(OSError, ValueError):
        words = file.read_text().split()
        if file.name != "cpu.max":
            words += (file.parent / "cpu.cfs_period_us").read_text().split()
        quota, period = map(float, words)
        if quota > 0 and period > 0:
            yield quota / period

"""The number of CPUs that a process may use, by its control group's quota and its mask."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import cv2
import faiss
import pytest
import torch

from app.core.cpu_limits import available_cpus, limit_threads, set_default_pool_sizes, threads_per_batch


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Simulate a process with a mask of 8 CPUs and no control group."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    return tmp_path


def cpus_with(machine: Path, membership: str, files: dict[str, str]) -> int:
    """Return the available CPUs for a content of /proc/self/cgroup and files below /sys/fs/cgroup."""
    (machine / "cgroup").write_text(membership)
    for name, content in files.items():
        path = machine / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return available_cpus(machine, machine / "groups")


def test_without_a_quota_it_is_the_mask(machine: Path) -> None:
    assert available_cpus(machine / "none", machine / "none") == 8
    assert cpus_with(machine, "0::/\n", {"cpu.max": "max 100000"}) == 8
    assert cpus_with(machine, "0::/\n", {"cpu.max": "nonsense"}) == 8


@pytest.mark.parametrize(("quota", "expected"), [("200000 100000", 2), ("350000 100000", 3), ("5000 100000", 1)])
def test_a_quota_of_version_2(machine: Path, quota: str, expected: int) -> None:
    assert cpus_with(machine, "0::/\n", {"cpu.max": quota}) == expected


def test_the_least_quota_of_all_groups_above_counts(machine: Path) -> None:
    files = {"a/b/cpu.max": "max 100000", "a/cpu.max": "300000 100000", "cpu.max": "600000 100000"}
    assert cpus_with(machine, "0::/a/b\n", files) == 3


@pytest.mark.parametrize("folder", ["cpu", "cpu,cpuacct", "cpu/docker/x"])
def test_a_quota_of_version_1(machine: Path, folder: str) -> None:
    membership = "5:memory:/x\n4:cpu,cpuacct:/docker/x\n"
    period = {f"{folder}/cpu.cfs_period_us": "50000"}
    assert cpus_with(machine, membership, {f"{folder}/cpu.cfs_quota_us": "250000", **period}) == 5
    assert cpus_with(machine, membership, {f"{folder}/cpu.cfs_quota_us": "-1", **period}) == 8


def test_pools_are_as_large_unless_somebody_has_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "17")
    set_default_pool_sizes()
    assert (os.environ["OMP_NUM_THREADS"], os.environ["OPENBLAS_NUM_THREADS"]) == (str(available_cpus()), "17")


def test_one_choice_is_for_all_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    set_default_pool_sizes()
    assert (os.environ["OPENBLAS_NUM_THREADS"], os.environ["MKL_NUM_THREADS"]) == ("3", "3")


@pytest.mark.parametrize(("chosen", "threads"), [("3", 3), ("3,2", 3), ("many", None), ("", None), ("0", None)])
def test_the_environment_chooses_where_nobody_else_does(
    chosen: str, threads: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", chosen)
    assert limit_threads(None) == (threads or available_cpus())
    assert limit_threads(1) == 1
    limit_threads(before)


def test_a_limit_is_of_all_libraries_in_the_thread_that_computes() -> None:
    def limited() -> None:
        limit_threads(1)
        seen.extend((torch.get_num_threads(), faiss.omp_get_max_threads(), cv2.getNumThreads()))

    seen, before = list[int](), torch.get_num_threads()
    thread = threading.Thread(target=limited)
    thread.start()
    thread.join()
    limit_threads(before)
    assert seen == [1, 1, 1]


def test_two_batches_side_by_side_share_the_threads() -> None:
    assert [threads_per_batch(count) for count in (1, 2, 3, 16)] == [[1], [2, 1], [3, 1], [16, 8]]

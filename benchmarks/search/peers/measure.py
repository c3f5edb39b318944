"""Figures of one peer, measured in a process of its own, so that its memory is told from that of others."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import torch

from app.core.arrays import Embeddings, Rows
from benchmarks.search.peers.peer import Peer, Setting
from benchmarks.search.peers.processes import limit_processor, measure_memory, measure_processor
from benchmarks.search.peers.sketchfind import ExactScan
from model.network.distances import Distance

_ROUND = 20  # searches of a side before it is the other's turn
_THREADS = 2
_NEW = 3  # products that are inserted
_PATIENCE = 60.0  # seconds to search for a new product


@dataclass(frozen=True)
class Task:
    """Embeddings (N,D) in a file, sketches (S,D) to search with, and their true nearest (S,10); sizes and limits."""

    file: Path
    distance: Distance
    sketches: torch.Tensor
    truth: Rows
    target: float  # share of the true nearest to find, 0 to 1
    rounds: int
    build_seconds: float  # of a processor


@dataclass(frozen=True)
class Figures:
    """What a peer takes in its fastest setting with enough recall, or else in its widest one.

    Rates are searches per second; `of_flat` are multiples of those of this project's exact scan in the same process.
    """

    setting: str
    recall: float
    per_core: float  # searches per second of a processor
    per_core_of_flat: float
    two_threads: float  # searches per second by the clock
    two_threads_of_flat: float
    memory: int  # bytes, without mapped files of which a search reads little
    disk: int  # bytes
    build: float  # seconds of a processor
    found_after: float | None  # seconds of a processor from insertion until a search finds it; None if none does


@dataclass(frozen=True)
class _Trial:
    setting: Setting
    recall: float
    seconds: float


def measure_peer(kind: type[Peer], task: Task) -> Figures:
    """Build and measure a peer. Raises BuildLimitError if its build takes too long."""
    embeddings: Embeddings = np.load(task.file, mmap_mode="r")
    folder = task.file.parent
    with TemporaryDirectory(dir=folder) as own, TemporaryDirectory(dir=folder) as other:
        peer = kind(task.distance, Path(own))
        try:
            return _measure(peer, ExactScan(task.distance, Path(other)), embeddings, task)
        finally:
            peer.close()


def _measure(peer: Peer, flat: Peer, embeddings: Embeddings, task: Task) -> Figures:
    memory, before = measure_memory(peer.process_ids), measure_processor(peer.process_ids)
    with limit_processor(task.build_seconds, peer.process_ids):
        peer.build(embeddings)
    build = measure_processor(peer.process_ids) - before
    peer.search(task.sketches[:1])  # some load an index when it is searched
    memory = measure_memory(peer.process_ids) - memory
    peer.write()
    files = _measure_size(peer.folder)
    disk = files + peer.reads_embeddings * task.file.stat().st_size
    flat.build(embeddings)
    trial = choose_setting(peer, task.sketches, task.truth, task.target)
    peer.apply(trial.setting)
    per_core = _measure_rates([peer, flat], task, threads=1)
    two_threads = _measure_rates([peer, flat], task, threads=_THREADS)
    return Figures(
        setting=", ".join(f"{name}={value}" for name, value in trial.setting.items()),
        recall=round(trial.recall, 4),
        per_core=per_core[0],
        per_core_of_flat=per_core[0] / per_core[1],
        two_threads=two_threads[0],
        two_threads_of_flat=two_threads[0] / two_threads[1],
        memory=memory + peer.reads_mapped_files * files,
        disk=disk,
        build=build,
        found_after=_measure_insertion(peer, task.sketches, len(embeddings)),
    )


def choose_setting(peer: Peer, sketches: torch.Tensor, truth: Rows, target: float) -> _Trial:
    """Choose the fastest setting that finds the target share of the true nearest (S,10), or else the widest one."""
    sufficient = []
    for series in peer.settings:
        for setting in series:
            trial = _try_setting(peer, setting, sketches, truth, target)
            if trial.recall >= target:
                sufficient.append(trial)
                break  # a wider search takes longer
    if sufficient:
        return min(sufficient, key=lambda trial: trial.seconds)
    return _try_setting(peer, peer.settings[-1][-1], sketches, truth, target=0)


def _try_setting(peer: Peer, setting: Setting, sketches: torch.Tensor, truth: Rows, target: float) -> _Trial:
    """Search by a setting for the true nearest (S,10) of sketches, until so many are missed that the target is, too."""
    peer.apply(setting)
    before, recall, misses = measure_processor(peer.process_ids), 1.0, 0
    for sketch, expected in zip(sketches[:, None], truth, strict=True):
        misses += int(np.isin(expected, peer.search(sketch), invert=True).sum())
        recall = 1 - misses / truth.size
        if recall < target:
            break
    return _Trial(setting, recall, measure_processor(peer.process_ids) - before)


def _measure_rates(peers: Sequence[Peer], task: Task, *, threads: int) -> list[float]:
    """Measure searches per second of peers that alternate: of a processor with one thread, else by the clock."""
    seconds: list[list[float]] = [[] for _ in peers]
    count = max(1, len(task.sketches) // _ROUND)
    with ThreadPoolExecutor(threads) as pool:
        for number in range(task.rounds):
            start = number % count * _ROUND
            sketches = task.sketches[start : start + _ROUND, None]  # (20,1,D)
            for peer, of_peer in zip(peers, seconds, strict=True):
                before = _read_clock(peer, threads)
                list(pool.map(peer.search, sketches))
                of_peer.append((_read_clock(peer, threads) - before) / len(sketches))
    return [1 / median(of_peer) for of_peer in seconds]


def _read_clock(peer: Peer, threads: int) -> float:
    return measure_processor(peer.process_ids) if threads == 1 else time.perf_counter()


def _measure_insertion(peer: Peer, sketches: torch.Tensor, photos: int) -> float | None:
    """Measure the processor time, in seconds, to insert a product that looks like a sketch, and to find it."""
    times = []
    for number, sketch in enumerate(sketches[:_NEW, None]):
        started, before = time.perf_counter(), measure_processor(peer.process_ids)
        peer.insert(sketch.numpy(), photos + number)
        while photos + number not in peer.search(sketch):
            if time.perf_counter() - started > _PATIENCE:
                return None
        times.append(measure_processor(peer.process_ids) - before)
    return median(times)


def _measure_size(folder: Path) -> int:
    """Measure the bytes of the files in a folder, as far as they are on disk."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())

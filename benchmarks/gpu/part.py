"""What each part of the benchmark shares: its sizes, its outcome, and waiting for the device."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from benchmarks.support.timing import Work


@dataclass(frozen=True)
class Sizes:
    """How much is computed: `frames` go through the network at once, of which half are sketches."""

    frames: int
    sketches: int  # that are re-ranked at once
    candidates: int  # of each sketch
    photos: int  # in the index
    matrix: int  # rows and columns of the matrices whose product is timed
    runs: int


GPU_SIZES = Sizes(frames=256, sketches=64, candidates=10_000, photos=100_000, matrix=8192, runs=10)
CPU_SIZES = Sizes(frames=4, sketches=4, candidates=1_000, photos=2_000, matrix=512, runs=1)


@dataclass(frozen=True)
class Part:
    """Figures of a part, and whether the device's results are the CPU's."""

    figures: Mapping[str, object]
    is_same: bool

    @staticmethod
    def skipped(reason: str) -> Part:
        """Make the outcome of a part that cannot be measured."""
        return Part({"skipped": reason}, is_same=True)


def run_on(device: torch.device, compute: Callable[[], object]) -> Work:
    """Make a function to measure that waits for the device, which otherwise computes on after the call."""

    def work(_: int) -> None:
        compute()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return work


def name_device(device: torch.device) -> str:
    """Return the device's name as its maker gives it, or the kind of processor."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU ({platform.machine()})"

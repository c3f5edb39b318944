"""Times of alternatives that run alternately, so that other load on the machine affects all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import NamedTuple

Work = Callable[[int], object]  # function to measure; gets the number of the run
_WARM = 3  # runs that are not counted


class Seconds(NamedTuple):
    """Time on the wall, and of all threads of this process on processors."""

    wall: float
    processor: float


def median_times(sides: Mapping[str, Work], runs: int) -> dict[str, Seconds]:
    """Measure the median of both times of each side over `runs` runs."""
    rounds = [{name: _measure(work, run) for name, work in sides.items()} for run in range(runs + _WARM)][_WARM:]
    return {
        name: Seconds(median(times[name].wall for times in rounds), median(times[name].processor for times in rounds))
        for name in sides
    }


def median_seconds(sides: Mapping[str, Work], runs: int) -> dict[str, float]:
    """Measure the median seconds of each side over `runs` runs."""
    return {name: times.wall for name, times in median_times(sides, runs).items()}


def measure_seconds(work: Work, run: int = 0) -> float:
    """Measure the seconds of one run."""
    return _measure(work, run).wall


def _measure(work: Work, run: int) -> Seconds:
    started, before = time.perf_counter(), time.process_time()
    work(run)
    return Seconds(time.perf_counter() - started, time.process_time() - before)

"""Times of alternatives that run alternately, so that other load on the machine affects all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np

Work = Callable[[int], object]  # function to measure; gets the number of the run
_WARM = 3  # runs that are not counted


def median_seconds(sides: Mapping[str, Work], runs: int) -> dict[str, float]:
    """Measure the median seconds of each side over `runs` runs."""
    rounds = [{name: measure_seconds(work, run) for name, work in sides.items()} for run in range(runs + _WARM)]
    return {name: float(np.median([times[name] for times in rounds[_WARM:]])) for name in sides}


def measure_seconds(work: Work, run: int = 0) -> float:
    """Measure the seconds of one run."""
    started = time.perf_counter()
    work(run)
    return time.perf_counter() - started

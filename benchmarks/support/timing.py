"""Times of things that are compared: each in turn, so that whatever else the machine does meets all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np

Work = Callable[[int], object]  # what is measured; it is told which run this is
_WARM = 3  # runs that are not counted


def medians(sides: Mapping[str, Work], runs: int) -> dict[str, float]:
    """Median seconds of each side over `runs` turns."""
    turns = [{name: seconds(work, turn) for name, work in sides.items()} for turn in range(runs + _WARM)]
    return {name: float(np.median([turn[name] for turn in turns[_WARM:]])) for name in sides}


def seconds(work: Work, turn: int = 0) -> float:
    """How long it took once."""
    started = time.perf_counter()
    work(turn)
    return time.perf_counter() - started

"""Whether one variant finds more than another, beyond what seeds and the choice of sketches do by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from index_builder.evaluation.bootstrap import Weights, interval, resample_clusters
from index_builder.experiments.run_files import Run

_RESAMPLES = 5000


class Verdict(StrEnum):
    """What a difference says about a part."""

    helps = "helps"
    does_not_help = "does not help"
    cannot_be_told = "cannot be told"


@dataclass(frozen=True)
class Difference:
    """acc@1 of a variant less that of the first, in points, and its 95 % interval; None from one seed alone."""

    points: float
    interval: tuple[float, float] | None

    @property
    def verdict(self) -> Verdict:
        """Helps or not if the interval lies on one side of zero."""
        if self.interval is None or self.interval[0] <= 0 < self.interval[1]:
            return Verdict.cannot_be_told
        return Verdict.helps if self.interval[0] > 0 else Verdict.does_not_help


def mean_and_spread(values: Sequence[float]) -> tuple[float, float | None]:
    """The mean, and the standard deviation (of a sample); None for a single value."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None


def compare(variant: Sequence[Run], first: Sequence[Run]) -> tuple[Difference, dict[str, Difference]]:
    """The difference between the runs of a variant and of the first one: the mean of all folders, and each folder's.

    Intervals are from a paired bootstrap. It draws photos with all their sketches, the same for both variants since
    both answered the same sketches, and seeds, for each variant its own since nothing ties a seed of one to that of
    the other. A seed draws the whole run, so it is shared by the folders.
    """
    random = np.random.default_rng(0)
    draws = [_drawn_seeds(len(runs), random) for runs in (variant, first)]
    points: dict[str, float] = {}
    resampled: dict[str, NDArray[np.float64]] = {}
    for name, searches in variant[0].searches.items():
        hits = [np.stack([run.searches[name].ranks <= 1 for run in runs]) for runs in (variant, first)]  # (seeds,Q)
        points[name] = 100 * float(hits[0].mean() - hits[1].mean())
        by_query = draws[0] @ hits[0] - draws[1] @ hits[1]  # (R,Q)
        drawn = resample_clusters(searches.photos, _RESAMPLES, random)  # (R,Q)
        resampled[name] = 100 * (by_query * drawn).sum(1) / drawn.sum(1)  # (R,)
    overall = float(np.mean(list(points.values()))), np.mean(list(resampled.values()), 0)
    told = min(len(variant), len(first)) > 1
    every = {name: _difference(points[name], resampled[name], told) for name in points}
    return _difference(*overall, told), every


def _drawn_seeds(count: int, random: np.random.Generator) -> Weights:
    """(R,seeds) weights that sum to 1 of `count` - 1 seeds drawn with replacement.

    One fewer than there are: drawing all of so few would understate the variance of their mean by 1 / count.
    """
    drawn = max(1, count - 1)
    weights: Weights = random.multinomial(drawn, np.full(count, 1 / count), _RESAMPLES) / drawn
    return weights


def _difference(points: float, resampled: NDArray[np.float64], told: bool) -> Difference:
    """`told`: whether there are seeds enough to tell their spread."""
    # rounded, or a sum of weights that is not quite 1 would count as a difference
    low, high = (round(float(limit), 6) for limit in interval(resampled))
    return Difference(points, (low, high) if told else None)

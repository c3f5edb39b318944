"""Significance of the difference between two variants, given the variation by seeds and by sketches."""

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
    """Conclusion from a difference."""

    helps = "helps"
    does_not_help = "does not help"
    cannot_be_told = "cannot be told"


@dataclass(frozen=True)
class Difference:
    """acc@1 of a variant minus that of the first, in points, with its 95 % interval.

    The interval is None for a single seed.
    """

    points: float
    interval: tuple[float, float] | None

    @property
    def verdict(self) -> Verdict:
        """Verdict: helps or does not if the interval lies on one side of zero."""
        if self.interval is None or self.interval[0] <= 0 < self.interval[1]:
            return Verdict.cannot_be_told
        return Verdict.helps if self.interval[0] > 0 else Verdict.does_not_help


def mean_and_spread(values: Sequence[float]) -> tuple[float, float | None]:
    """Return the mean, and the standard deviation of a sample; None for a single value."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None


def compare(variant: Sequence[Run], first: Sequence[Run]) -> tuple[Difference, dict[str, Difference]]:
    """Return the difference between the runs of a variant and of the first: over all folders, and in each.

    Intervals are from a paired bootstrap over photos and seeds. A photo is drawn with all its sketches, and for both
    variants, since both were measured with the same sketches. Seeds are drawn for each variant separately, since a seed
    of one has no relation to that of the other. A seed draws the whole run, so it is shared by the folders.
    """
    random = np.random.default_rng(0)
    draws = [_draw_seeds(len(runs), random) for runs in (variant, first)]
    points: dict[str, float] = {}
    resampled: dict[str, NDArray[np.float64]] = {}
    for name, searches in variant[0].searches.items():
        hits = [np.stack([run.searches[name].ranks <= 1 for run in runs]) for runs in (variant, first)]  # (seeds,Q)
        points[name] = 100 * float(hits[0].mean() - hits[1].mean())
        by_query = draws[0] @ hits[0] - draws[1] @ hits[1]  # (R,Q)
        drawn = resample_clusters(searches.photos, _RESAMPLES, random)  # (R,Q)
        resampled[name] = 100 * (by_query * drawn).sum(1) / drawn.sum(1)  # (R,)
    overall = float(np.mean(list(points.values()))), np.mean(list(resampled.values()), 0)
    has_spread = min(len(variant), len(first)) > 1
    by_folder = {name: _build_difference(points[name], resampled[name], has_spread=has_spread) for name in points}
    return _build_difference(*overall, has_spread=has_spread), by_folder


def _draw_seeds(count: int, random: np.random.Generator) -> Weights:
    """Draw weights (R,seeds), each row summing to 1, of `count` - 1 seeds with replacement.

    Drawing all seeds would understate the variance of their mean by 1 / count, since there are so few.
    """
    drawn = max(1, count - 1)
    weights: Weights = random.multinomial(drawn, np.full(count, 1 / count), _RESAMPLES) / drawn
    return weights


def _build_difference(points: float, resampled: NDArray[np.float64], *, has_spread: bool) -> Difference:
    """Build a difference; its interval is None unless the seeds' spread can be estimated."""
    # rounded, since a sum of weights is not exactly 1
    low, high = (round(float(limit), 6) for limit in interval(resampled))
    return Difference(points, (low, high) if has_spread else None)

"""Bootstrap: 95% intervals of figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_RESAMPLES = 10_000
_SEED = 0  # so that equal queries have equal intervals
_CHUNK = 1000  # resamples in memory at once
_TAILS = (0.025, 0.975)

Weights = NDArray[np.float64]


class Estimate(NamedTuple):
    """A mean and the limits of its 95% interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.1f}  ({self.low:.1f} to {self.high:.1f})"


def estimate_means(values: NDArray[np.float64], clusters: Sequence[str]) -> list[Estimate]:
    """Estimate m means with 95% intervals from values (n,m) of n queries, by percentile bootstrap over clusters.

    Queries of one cluster (n names) are drawn together. Sketches of one photo succeed or fail together, so that
    resampling them separately would make the interval too narrow.

    The seed is fixed. If all values are equal the interval has no width: a bootstrap covers only values that occur.
    Raises ValueError when n is 0.
    """
    if not len(values):
        raise ValueError("no values to estimate a mean of: got 0 queries, expected at least 1")
    random = np.random.default_rng(_SEED)
    chunks = (resample_clusters(clusters, _CHUNK, random) for _ in range(_RESAMPLES // _CHUNK))
    means = [drawn @ values / drawn.sum(1, keepdims=True) for drawn in chunks]  # (chunk,m) each
    low, high = interval(np.concatenate(means))  # (m,) each
    return [Estimate(*ends) for ends in zip(values.mean(0).tolist(), low.tolist(), high.tolist(), strict=True)]


def resample_clusters(clusters: Sequence[str] | NDArray[np.str_], count: int, random: np.random.Generator) -> Weights:
    """Draw clusters with replacement: (count,n), how often each of n queries is drawn.

    As many clusters are drawn as there are.
    """
    names, member_of = np.unique(np.asarray(clusters), return_inverse=True)  # (c,), (n,)
    drawn = random.multinomial(len(names), np.full(len(names), 1 / len(names)), count)  # (count,c)
    return drawn[:, member_of].astype(np.float64)


def interval(resampled: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the limits (2,...) of the 95% interval of resampled figures (R,...)."""
    return np.quantile(resampled, _TAILS, axis=0)

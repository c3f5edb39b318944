"""How sure a figure is: 95% intervals by bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_RESAMPLES = 10_000
_SEED = 0  # the same queries always get the same interval
_CHUNK = 1000  # resamples in memory at once
_TAILS = (0.025, 0.975)


class Estimate(NamedTuple):
    """A mean, and the ends of its 95% interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.1f}  ({self.low:.1f} to {self.high:.1f})"


def estimate_means(values: NDArray[np.float64], clusters: Sequence[str]) -> list[Estimate]:
    """Values (n,m) of n queries -> m means with 95% intervals, by percentile bootstrap over clusters.

    Queries of one cluster (n names) are drawn together: several sketches of one photo succeed or fail together, and
    resampled one by one they would look like more evidence than they are. The seed is fixed. Where all values are equal
    the interval has no width: a bootstrap cannot know of what was never seen. Raises ValueError when n is 0.
    """
    if not len(values):
        raise ValueError("no values to estimate a mean of: got 0 queries, expected at least 1")
    _, member_of = np.unique(np.asarray(clusters), return_inverse=True)  # (n,)
    sizes = np.bincount(member_of).astype(np.float64)  # (c,)
    sums = np.zeros((len(sizes), values.shape[1]))
    np.add.at(sums, member_of, values)  # (c,m)
    random = np.random.default_rng(_SEED)
    even = np.full(len(sizes), 1 / len(sizes))
    means = []
    for _ in range(_RESAMPLES // _CHUNK):
        drawn = random.multinomial(len(sizes), even, _CHUNK).astype(np.float64)  # (chunk,c): how often each is drawn
        means.append(drawn @ sums / (drawn @ sizes)[:, None])  # (chunk,m)
    low, high = np.quantile(np.concatenate(means), _TAILS, axis=0)  # (m,) each
    return [Estimate(*ends) for ends in zip(values.mean(0).tolist(), low.tolist(), high.tolist(), strict=True)]

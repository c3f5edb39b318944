"""Intervals of shares by a bootstrap over sessions.

The searches of one session succeed or fail together, so sessions are drawn, not searches. Sessions with the same counts
are interchangeable: drawing from the distinct counts, by how often they occur, is the same and takes less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index_builder.evaluation.bootstrap import Estimate, interval

_RESAMPLES = 4000
_SEED = 0  # so that equal sessions have equal intervals


class SessionCounts(NamedTuple):
    """Counts of one session: searches, and hits, which are searches with some property."""

    searches: int
    hits: int


def estimate_share(sessions: Sequence[SessionCounts]) -> Estimate | None:
    """Estimate the share of hits in percent, with a 95% interval. Returns None without sessions."""
    if not sessions:
        return None
    return _estimate(_share(sessions), _resample(sessions, _SEED))


def estimate_difference(first: Sequence[SessionCounts], second: Sequence[SessionCounts]) -> Estimate | None:
    """Estimate how many percent points the second share is above the first. Returns None if either has no sessions."""
    if not first or not second:
        return None
    return _estimate(_share(second) - _share(first), _resample(second, _SEED + 1) - _resample(first, _SEED))


def _share(sessions: Sequence[SessionCounts]) -> float:
    return 100 * sum(session.hits for session in sessions) / sum(session.searches for session in sessions)


def _estimate(value: float, resampled: NDArray[np.float64]) -> Estimate:
    low, high = interval(resampled)
    return Estimate(value, float(low), float(high))


def _resample(sessions: Sequence[SessionCounts], seed: int) -> NDArray[np.float64]:
    """Return shares (R,) in percent of as many sessions as there are, drawn with replacement."""
    occurring = Counter(sessions)
    counts = np.array(list(occurring), np.float64)  # (m,2)
    weights = np.array(list(occurring.values())) / len(sessions)
    drawn = np.random.default_rng(seed).multinomial(len(sessions), weights, _RESAMPLES)  # (R,m)
    totals: NDArray[np.float64] = drawn @ counts  # (R,2)
    return 100 * totals[:, 1] / totals[:, 0]

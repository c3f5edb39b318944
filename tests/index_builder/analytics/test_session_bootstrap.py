"""Intervals of shares over sessions."""

from __future__ import annotations

import numpy as np
import pytest

from index_builder.analytics.session_bootstrap import SessionCounts, estimate_difference, estimate_share


def sessions(share: float, count: int, seed: int) -> list[SessionCounts]:
    random = np.random.default_rng(seed)
    return [SessionCounts(n, int(random.binomial(n, share))) for n in random.integers(1, 6, count).tolist()]


def test_the_share_is_of_searches_and_the_interval_of_sessions() -> None:
    share = estimate_share([SessionCounts(1, 1)] * 30 + [SessionCounts(3, 0)] * 10)
    assert share is not None and share.value == pytest.approx(50)
    assert share.low < 45 and share.high > 55
    few = estimate_share([SessionCounts(1, 1)] * 3 + [SessionCounts(3, 0)])
    assert few is not None and few.high - few.low > share.high - share.low


def test_intervals_contain_the_true_share_nineteen_times_of_twenty() -> None:
    estimates = [estimate_share(sessions(0.3, 200, seed)) for seed in range(50)]
    covered = sum(share is not None and share.low <= 30 <= share.high for share in estimates)
    assert covered >= 44


def test_a_difference_is_told_from_chance() -> None:
    same = estimate_difference(sessions(0.3, 400, 1), sessions(0.3, 400, 2))
    better = estimate_difference(sessions(0.3, 400, 1), sessions(0.4, 400, 2))
    assert same is not None and same.low < 0 < same.high
    assert better is not None and 0 < better.low < better.value < better.high


def test_nothing_has_no_share() -> None:
    assert estimate_share([]) is None and estimate_difference([], [SessionCounts(1, 1)]) is None

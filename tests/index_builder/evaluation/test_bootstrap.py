from __future__ import annotations

import numpy as np
import pytest

from index_builder.evaluation.bootstrap import estimate_means


def names(count: int) -> list[str]:
    return [f"photo {i}" for i in range(count)]


def test_the_interval_of_a_share_is_the_one_of_theory() -> None:
    values = np.repeat([0.0, 100.0], 200)[:, None]
    ((value, low, high),) = estimate_means(values, names(400))
    assert value == 50
    assert low == pytest.approx(50 - 4.9, abs=0.6) and high == pytest.approx(50 + 4.9, abs=0.6)


def test_it_is_the_interval_of_a_plain_loop_over_clusters() -> None:
    random = np.random.default_rng(1)
    owners = random.integers(0, 12, 60)
    values = owners + random.normal(0, 1, 60)
    groups = [values[owners == owner] for owner in np.unique(owners)]
    means = []
    for _ in range(4000):
        drawn = [groups[i] for i in random.integers(0, len(groups), len(groups))]
        means.append(np.concatenate(drawn).mean())
    ((value, low, high),) = estimate_means(values[:, None], [str(owner) for owner in owners])
    assert value == pytest.approx(values.mean())
    assert (low, high) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])), abs=0.25)


def test_more_sketches_that_tell_nothing_new_do_not_narrow_it() -> None:
    values = np.random.default_rng(2).integers(0, 2, 50).astype(np.float64)[:, None]
    (once,) = estimate_means(values, names(50))
    (fourfold,) = estimate_means(np.repeat(values, 4, 0), [name for name in names(50) for _ in range(4)])
    assert fourfold == pytest.approx(once)
    (as_if_independent,) = estimate_means(np.repeat(values, 4, 0), names(200))
    assert as_if_independent.high - as_if_independent.low < 0.6 * (once.high - once.low)


def test_columns_are_estimated_together_and_always_alike() -> None:
    values = np.random.default_rng(3).random((30, 3))
    together = estimate_means(values, names(30))
    assert together == estimate_means(values, names(30))
    assert together[1] == pytest.approx(estimate_means(values[:, 1:2], names(30))[0])


def test_what_always_happens_has_an_interval_without_width() -> None:
    assert estimate_means(np.full((9, 1), 100.0), names(9)) == [(100, 100, 100)]


def test_no_queries_have_no_mean() -> None:
    with pytest.raises(ValueError, match="got 0 queries, expected at least 1"):
        estimate_means(np.zeros((0, 1)), [])


def test_an_estimate_reads_well() -> None:
    (estimate,) = estimate_means(np.array([[0.0], [100.0]]), names(2))
    assert str(estimate) == "50.0  (0.0 to 100.0)"

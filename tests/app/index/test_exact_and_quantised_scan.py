"""Tests that scans of all keys, exact and quantised, agree with float64 for every mask."""

from __future__ import annotations

from collections.abc import Callable

import faiss
import numpy as np
import pytest
import torch

from app.core.arrays import Keys, Mask, Rows
from app.index.exact_scan import BLOCK, nearest, read_flat_keys, split_blocks
from app.index.quantised_scan import QuantisedScan, quantise
from app.index.segment import Segment
from model.network.distances import HOLEF

_N, _DIM = 2 * BLOCK + 300, 16
_random = np.random.default_rng(5)
_keys = _random.standard_normal((_N, _DIM + 1)).astype(np.float32)
_queries = _random.standard_normal((5, _DIM + 1)).astype(np.float32)

Search = Callable[[Keys, Keys, int, Mask], tuple[Keys, Rows]]


def _exact(keys: Keys, queries: Keys, n: int, allowed: Mask) -> tuple[Keys, Rows]:
    return nearest(queries, n, split_blocks(keys, allowed))


def _rounded(keys: Keys, queries: Keys, n: int, allowed: Mask) -> tuple[Keys, Rows]:
    return QuantisedScan(keys).nearest(queries, n, allowed)


def _masks() -> dict[str, Mask]:
    most, few, one_block = _random.random(_N) < 0.9, _random.random(_N) < 0.2, np.zeros(_N, bool)
    one_block[-200:] = True
    return {"all": np.ones(_N, bool), "most": most, "few": few, "the end": one_block}


@pytest.mark.parametrize("which", ["all", "most", "few", "the end"])
@pytest.mark.parametrize("search", [_exact, _rounded])
def test_the_nearest_allowed_are_found_in_order(search: Search, which: str) -> None:
    allowed = _masks()[which]
    products, rows = search(_keys, _queries, 50, allowed)
    exact = _queries.astype(np.float64) @ _keys.astype(np.float64).T
    exact[:, ~allowed] = -np.inf
    assert np.array_equal(rows, np.argsort(-exact, axis=1)[:, :50])
    np.testing.assert_allclose(products, np.take_along_axis(exact, rows, 1), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 9])
def test_any_number_of_queries_is_searched_for(count: int) -> None:
    queries = _random.standard_normal((count, _DIM + 1)).astype(np.float32)
    products, rows = _exact(_keys, queries, 20, np.ones(_N, bool))
    exact = queries.astype(np.float64) @ _keys.astype(np.float64).T
    assert np.array_equal(rows, np.argsort(-exact, axis=1)[:, :20])
    np.testing.assert_allclose(products, np.take_along_axis(exact, rows, 1), rtol=1e-4, atol=1e-4)


def test_rounding_misses_none_where_all_are_nearly_alike() -> None:
    """Rounding makes these keys equal, and their last entries are large."""
    keys = (1 + 1e-4 * _random.standard_normal(_keys.shape)).astype(np.float32)
    keys[:, -1] *= 1000
    keys[:, -1] += 1e-3 * _random.standard_normal(_N).astype(np.float32)
    allowed = np.ones(_N, bool)
    products, rows = QuantisedScan(keys).nearest(_queries, 10, allowed)
    exact = _queries.astype(np.float64) @ keys.astype(np.float64).T
    best = -np.sort(-exact, axis=1)[:, :10]
    np.testing.assert_allclose(np.take_along_axis(exact, rows, 1), best, rtol=0, atol=1e-3)
    np.testing.assert_allclose(products, best, rtol=1e-5)


def test_many_queries_are_searched_for_a_few_at_a_time() -> None:
    queries = _random.standard_normal((130, _DIM + 1)).astype(np.float32)
    allowed = np.ones(_N, bool)
    assert np.array_equal(QuantisedScan(_keys).nearest(queries, 3, allowed)[1], _exact(_keys, queries, 3, allowed)[1])


def test_few_keys_are_not_rounded() -> None:
    assert quantise(_keys[:1000]) is None


def test_rounded_keys_are_read_for_many_queries_with_few_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.index.quantised_scan._find_least_queries", lambda _: 4)
    scan, masks = QuantisedScan(_keys), _masks()
    assert scan.is_suitable(4, 10, masks["all"])
    assert not scan.is_suitable(3, 10, masks["all"])
    assert not scan.is_suitable(4, 5000, masks["all"])
    assert not scan.is_suitable(4, 10, masks["few"])


def test_keys_are_read_where_the_index_has_them() -> None:
    index = faiss.IndexFlatIP(_DIM + 1)
    index.add(_keys[:100])
    held = read_flat_keys(index)
    assert held is not None and np.array_equal(held, _keys[:100])
    assert read_flat_keys(faiss.index_factory(16, "SQ8", faiss.METRIC_INNER_PRODUCT)) is None
    assert read_flat_keys(faiss.IndexFlatL2(16)) is None


@pytest.mark.parametrize("least_queries", [2, 4, None])
def test_a_segment_finds_what_the_double_loop_does(least_queries: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.index.quantised_scan._find_least_queries", lambda _: least_queries)
    distance = HOLEF(_DIM)
    with torch.no_grad():
        distance.weight.add_(0.3 * torch.randn(_DIM, _DIM, generator=torch.Generator().manual_seed(1)))
    photos = _random.standard_normal((_N, _DIM)).astype(np.float32)
    sketches = torch.from_numpy(_random.standard_normal((3, _DIM)).astype(np.float32))
    segment = Segment.build(distance, photos, np.arange(_N))
    live = _masks()["most"]
    with torch.inference_mode():
        rows = segment.nearest(distance.query(sketches).numpy(), 20, live)[1]
        weight, s = distance.weight.double().numpy(), sketches.double().numpy()
    p = photos[live].astype(np.float64)
    exact = (s**2 @ weight.sum(1))[:, None] + p**2 @ weight.sum(0) - 2 * s @ weight @ p.T
    assert np.array_equal(rows, np.flatnonzero(live)[np.argsort(exact, axis=1)[:, :20]])

"""Check the figures of `python -m benchmarks.search.flat_batches` on a few hundred embeddings."""

from __future__ import annotations

import faiss
import numpy as np
import pytest
import torch

from app.core.arrays import Rows
from app.index.segment import Segment
from benchmarks.search.flat_batches import FlatSearches, compare
from model.network.distances import HOLEF


@pytest.fixture
def searches() -> FlatSearches:
    """Make searches of 300 photos for 4 of 9 sketches at once."""
    random = np.random.default_rng(0)
    photos, sketches = (random.standard_normal((n, 8), np.float32) for n in (300, 9))
    with torch.no_grad():
        return FlatSearches(Segment.build(HOLEF(8), photos, np.arange(300, dtype=np.int64)), sketches, 4)


def test_all_sides_find_the_same(searches: FlatSearches) -> None:
    threshold = faiss.cvar.distance_compute_blas_threshold
    figures = compare(searches, 1)
    assert figures["same rows"] == 1
    assert searches.largest_difference(0) < 1e-5
    np.testing.assert_array_equal(searches.multiply_by_faiss(2), searches.search_faiss(2))
    assert faiss.cvar.distance_compute_blas_threshold == threshold


def test_other_rows_are_noticed(searches: FlatSearches, monkeypatch: pytest.MonkeyPatch) -> None:
    def search_next(run: int) -> Rows:
        return (searches.search_faiss(run) + 1) % 300

    monkeypatch.setattr(searches, "search_ours", search_next)
    assert searches.largest_difference(0) > 0.01
    assert float(str(compare(searches, 1)["same rows"])) < 1

"""Tests that both forms of a distance find what the distance says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from app.index.index_spec import IndexSpec
from app.index.metric_forms import Euclidean, InnerProduct, form_for
from app.index.segment import Segment
from model.network.distances import DISTANCES, HOLEF, Distance
from tests.support.small_galleries import DIM, small_checkpoint, vectors


def distance_of(name: str) -> Distance:
    """Make a distance with random weights and positive column sums."""
    distance = DISTANCES[name](DIM)
    for weight in distance.parameters():
        with torch.no_grad():
            weight.add_(0.05 * torch.rand(weight.shape, generator=torch.Generator().manual_seed(3)))
    return distance.requires_grad_(requires_grad=False)


@pytest.mark.parametrize("name", sorted(DISTANCES))
def test_every_form_finds_what_the_distance_says(name: str) -> None:
    distance, photos, sketches = distance_of(name), vectors(300), vectors(5, seed=2)
    segment = Segment.build(distance, photos, np.arange(300), IndexSpec("IVF1,Flat"))
    expected = Euclidean if name != "mahalanobis" else InnerProduct
    assert type(segment.form) is expected
    queries = distance.query(torch.from_numpy(sketches)).numpy()
    products, rows = segment.nearest(queries, 20, np.ones(300, bool))
    exact = queries.astype(float) @ distance.key(torch.from_numpy(photos)).numpy().astype(float).T
    np.testing.assert_array_equal(rows, np.argsort(-exact, axis=1)[:, :20])
    np.testing.assert_allclose(products, -np.sort(-exact, axis=1)[:, :20], rtol=1e-4, atol=1e-4)


def test_what_is_not_positive_is_searched_as_an_inner_product() -> None:
    distance = HOLEF(DIM)
    with torch.no_grad():
        distance.weight[0, 3] = -2
    assert isinstance(form_for(distance.requires_grad_(requires_grad=False), "IVF1,Flat"), InnerProduct)


def test_flat_and_what_fits_the_longer_keys_alone_are_inner_products() -> None:
    distance = distance_of("holef")
    assert isinstance(form_for(distance, "Flat"), InnerProduct)
    assert isinstance(form_for(distance, "PQ4x4"), Euclidean)
    assert isinstance(form_for(distance, "PQ3x4"), InnerProduct)  # 3 divides 9
    with pytest.raises(ValueError, match="'PQ7' cannot be made for 9 dimensions"):
        form_for(distance, "PQ7")


def test_a_search_that_finds_too_little_goes_through_all_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.index.segment._BATCH", 100)
    monkeypatch.setattr(Segment, "scan", None)  # it is not needed here
    photos, distance = vectors(600), small_checkpoint().network.distance
    segment = Segment.build(distance, photos, np.arange(600), IndexSpec("IVF8,Flat"))  # one list is searched
    allowed = np.arange(600) % 2 == 0
    for mask in (allowed, np.ones(600, bool)):
        rows = segment.nearest(distance.query(torch.from_numpy(vectors(2, 4))).numpy(), 280, mask)[1]
        assert (rows >= 0).all() and mask[rows].all()


@pytest.mark.parametrize("factory", ["HNSW8", "PCA8,HNSW8"])
def test_a_graph_keeps_as_many_candidates_as_are_asked_for(monkeypatch: pytest.MonkeyPatch, factory: str) -> None:
    photos, distance = vectors(3000), small_checkpoint().network.distance
    segment = Segment.build(distance, photos, np.arange(3000), IndexSpec(factory))
    queries = distance.query(torch.from_numpy(vectors(5, 4))).numpy()
    some, few = np.arange(3000) % 3 == 0, np.arange(3000) < 150
    exact = segment.scan(queries, 100, np.flatnonzero(some))[1][:, :10]
    assert np.array_equal(segment.nearest(queries, 100, few)[1], segment.scan(queries, 100, np.flatnonzero(few))[1])
    monkeypatch.setattr(Segment, "scan", None)  # only the few need it
    rows = segment.nearest(queries, 100, some)[1]
    assert some[rows].all()
    assert np.mean([np.isin(*of_query) for of_query in zip(exact, rows, strict=True)]) > 0.5
    assert (segment.nearest(queries, 100, np.ones(3000, bool))[1] >= 0).all()
    assert (segment.search(queries, 400)[1] >= 0).all()

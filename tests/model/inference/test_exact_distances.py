"""Exact distances of searches, against the distance's own pairwise form."""

from __future__ import annotations

import pytest
import torch

from model.inference.exact_distances import ExactDistances
from model.network.distances import DISTANCES

_DIM, _PHOTOS = 12, 300  # more photos than are computed at a time


@pytest.mark.parametrize("name", sorted(DISTANCES))
def test_distances_to_photos_are_as_pairwise(name: str) -> None:
    torch.manual_seed(0)
    distance = DISTANCES[name](_DIM)
    for parameter in distance.parameters():
        parameter.data = torch.randn_like(parameter)
    sketches, photos = torch.randn(3, _DIM), torch.randn(_PHOTOS, _DIM)
    before = photos.clone()
    exact = ExactDistances(distance, torch.device("cpu"))
    terms = exact.terms_of(sketches)
    expected = distance.pairwise(sketches, photos)
    torch.testing.assert_close(exact.to_photos(terms, photos), expected)
    torch.testing.assert_close(exact.to_photos(terms.take([2, 0]), photos[:1]), expected[[2, 0], :1])
    assert torch.equal(photos, before) and exact.to_photos(terms, photos[:0]).shape == (3, 0)
    means = exact.to_key(terms, distance.key(photos.double()).mean(0))
    torch.testing.assert_close(torch.tensor(means), expected.mean(1))

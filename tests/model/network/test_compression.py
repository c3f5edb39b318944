from __future__ import annotations

import pytest
import torch
from torch import nn

from model.network.compression import fit_compression
from model.network.dssa import DSSA, NetworkConfig


def squared_distances(embeddings: torch.Tensor) -> torch.Tensor:
    return torch.cdist(embeddings, embeddings).square()


def test_distances_stay_when_the_dimensions_left_out_were_empty() -> None:
    torch.manual_seed(0)
    embeddings = torch.randn(50, 4) @ torch.randn(4, 20) + 3
    compression = nn.Linear(20, 4)
    fit_compression(compression, embeddings, torch.ones(20))
    small = compression(embeddings)
    torch.testing.assert_close(squared_distances(small), squared_distances(embeddings), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(small.mean(0), torch.zeros(4), rtol=0, atol=1e-4)


def test_weighted_coordinates_count_as_often_in_squared_distances() -> None:
    torch.manual_seed(0)
    embeddings, weights = torch.randn(50, 6) + 1, torch.tensor([2.0, 2.0, 2.0, 0.5, 0.5, 0.5])
    compression = nn.Linear(6, 6)
    fit_compression(compression, embeddings, weights)
    wanted = squared_distances(embeddings * weights.sqrt())
    torch.testing.assert_close(squared_distances(compression(embeddings)), wanted, rtol=1e-3, atol=1e-3)


def test_it_keeps_the_directions_of_most_spread() -> None:
    torch.manual_seed(0)
    embeddings = torch.randn(200, 6) * torch.tensor([1.0, 5.0, 0.1, 3.0, 0.2, 0.1])
    compression = nn.Linear(6, 2)
    fit_compression(compression, embeddings, torch.ones(6))
    strength = compression.weight.square().sum(0)
    assert set(strength.topk(2).indices.tolist()) == {1, 3} and strength[[0, 2, 4, 5]].sum() < 0.1


def test_the_same_embeddings_always_give_the_same_projection() -> None:
    torch.manual_seed(0)
    embeddings = torch.randn(30, 8)
    first, second = nn.Linear(8, 3), nn.Linear(8, 3)
    fit_compression(first, embeddings, torch.ones(8))
    fit_compression(second, embeddings.clone(), torch.ones(8))
    assert torch.equal(first.weight, second.weight) and torch.equal(first.bias, second.bias)


def test_a_network_embeds_compressed_and_one_without_is_refused() -> None:
    config = NetworkConfig("orientations", "residual", "none", ("coarse", "stem"), "holef", compressed=16)
    network = DSSA(config).eval()
    frames = (torch.rand(2, 1, 64, 64) > 0.9).float()
    with torch.inference_mode():
        assert network.embed(frames).shape == (2, 16) and network.joined(frames).shape == (2, 768)
    assert network.dim == network.distance.dim == 16
    with pytest.raises(TypeError, match="no compression to fit: it is Identity, expected Linear"):
        fit_compression(DSSA(NetworkConfig()).compression, torch.randn(3, 4), torch.ones(4))

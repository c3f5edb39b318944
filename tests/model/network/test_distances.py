"""Check of every form of every distance against a plain float64 double loop."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from model.network.distances import DISTANCES, HOLEF, Distance

B, N, D = 4, 6, 12
NAMES = sorted(DISTANCES)


def random_distance(name: str, seed: int = 0) -> Distance:
    """Build the distance with random weights, also negative ones if they are valid."""
    torch.manual_seed(seed)
    distance = DISTANCES[name](D)
    for parameter in distance.parameters():
        parameter.data = torch.randn_like(parameter)
    return distance


def loop(name: str, weight: Tensor | None, s: Tensor, p: Tensor) -> Tensor:
    """Compute the definition term by term: (D,), (D,) float64 -> ()."""
    total = torch.zeros((), dtype=torch.float64)
    difference = s - p
    for i in range(D):
        if name == "euclidean":
            total = total + difference[i] ** 2
        elif name == "weighted-euclidean":
            assert weight is not None
            total = total + weight[i] * difference[i] ** 2
        else:
            for j in range(D):
                assert weight is not None
                if name == "holef":
                    total = total + weight[i, j] * (s[i] - p[j]) ** 2
                else:
                    total = total + (weight[i, j] * difference[j]) * sum(weight[i, m] * difference[m] for m in range(D))
    return total


def weight_of(distance: Distance) -> Tensor | None:
    parameters = list(distance.parameters())
    return parameters[0].double() if parameters else None


def embeddings(seed: int = 1) -> tuple[Tensor, Tensor]:
    torch.manual_seed(seed)
    return torch.randn(B, D), torch.randn(N, D)


def expected(name: str, distance: Distance, s: Tensor, p: Tensor) -> Tensor:
    weight = weight_of(distance)
    return torch.stack([torch.stack([loop(name, weight, a, b) for b in p.double()]) for a in s.double()])


@pytest.mark.parametrize("name", NAMES)
def test_pairwise_equals_the_double_loop(name: str) -> None:
    distance, (s, p) = random_distance(name), embeddings()
    result = distance.pairwise(s, p)
    assert result.dtype == torch.float32
    torch.testing.assert_close(result.double(), expected(name, distance, s, p), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_search_form_equals_the_double_loop(name: str) -> None:
    distance, (s, p) = random_distance(name), embeddings()
    distances = distance.offset(s).unsqueeze(1) - distance.query(s) @ distance.key(p).T
    assert distance.query(s).shape == (B, distance.search_dim) and distance.key(p).shape == (
        N,
        distance.search_dim,
    )
    scale = distance.offset(s).abs().max().item() + (distance.query(s) @ distance.key(p).T).abs().max().item()
    torch.testing.assert_close(distances.double(), expected(name, distance, s, p), rtol=1e-4, atol=1e-6 * scale)


@pytest.mark.parametrize("name", NAMES)
def test_search_form_ranks_as_the_double_loop(name: str) -> None:
    distance, (s, p) = random_distance(name), embeddings()
    ranking = (distance.query(s) @ distance.key(p).T).argsort(1, descending=True)
    assert torch.equal(ranking, expected(name, distance, s, p).argsort(1))


@pytest.mark.parametrize("name", NAMES)
def test_gradients_equal_those_of_the_double_loop(name: str) -> None:
    distance, (s, p) = random_distance(name), embeddings()

    def gradients(compute: Callable[[Tensor, Tensor], Tensor]) -> list[Tensor]:
        a, b = s.clone().requires_grad_(), p[:B].clone().requires_grad_()
        distance.zero_grad()
        compute(a, b).sum().backward()  # type: ignore[no-untyped-call]
        assert a.grad is not None and b.grad is not None
        return [a.grad, b.grad, *(w.grad for w in distance.parameters() if w.grad is not None)]

    fast, slow = gradients(distance.pairwise), gradients(lambda a, b: expected(name, distance, a, b))
    assert len(fast) == len(slow)
    for got, wanted in zip(fast, slow, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4)


def test_near_identical_embeddings_keep_their_precision() -> None:
    """Check s = p up to 1e-3, where the three terms cancel to a millionth of their size."""
    distance = HOLEF(512)
    s = torch.randn(3, 512)
    p = s + 1e-3 * torch.randn(3, 512)
    wanted = (s.double() - p.double()).square().sum(1)
    torch.testing.assert_close(distance.pairwise(s, p).diagonal().double(), wanted, rtol=1e-4, atol=0)


def test_holef_starts_as_the_squared_euclidean_distance() -> None:
    s, p = embeddings()
    torch.testing.assert_close(HOLEF(D).pairwise(s, p), torch.cdist(s, p).square(), rtol=1e-4, atol=1e-4)


def test_holef_is_not_symmetric() -> None:
    distance, (s, p) = random_distance("holef"), embeddings()
    assert not torch.allclose(distance.pairwise(s, p), distance.pairwise(p, s).T)


def test_wrong_shapes_are_named() -> None:
    with pytest.raises(ValueError, match=r"photos: got embeddings of shape \(6, 11\), expected \(B,12\)"):
        HOLEF(D).pairwise(torch.zeros(B, D), torch.zeros(N, D - 1))
    with pytest.raises(ValueError, match=r"sketches: got embeddings of shape \(4, 11\), expected \(B,12\)"):
        HOLEF(D).pairwise(torch.zeros(B, D - 1), torch.zeros(N, D))

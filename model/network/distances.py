"""Learned distances between a sketch and a photo, each in pairwise, listed and search form.

Every distance here is a quadratic that splits into a part of the sketch alone and one inner product:

    distance(s, p) = offset(s) - <query(s), key(p)>

so one identity gives all three forms, ranking by distance is maximum-inner-product search over the keys, and no
outer subtraction is ever built. Arguments are always (sketch, photo): HOLEF is not symmetric.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn


class Distance(nn.Module, ABC):
    """A distance over embeddings of `dim` dimensions; smaller is nearer. It need not be a metric, nor positive."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    @property
    def search_dim(self) -> int:
        """Length of queries and keys."""
        return self.dim + 1

    @abstractmethod
    def offset(self, sketches: Tensor) -> Tensor:
        """(B,D) -> (B,): the part of the distance that is the same for every photo."""

    @abstractmethod
    def query(self, sketches: Tensor) -> Tensor:
        """(B,D) -> (B,D+1): what a sketch looks up in an inner-product index of keys."""

    @abstractmethod
    def key(self, photos: Tensor) -> Tensor:
        """(N,D) -> (N,D+1): what an inner-product index stores of a photo."""

    def squares(self) -> Tensor | None:
        """(D,) c where a key's last entry is sum_j c_j p_j^2; None where it is something else."""
        return None

    def pairwise(self, sketches: Tensor, photos: Tensor) -> Tensor:
        """(B,D), (N,D) -> (B,N): distance of every sketch to every photo.

        Computed in float64, since the terms cancel for near pairs, and returned in the sketches' type.
        """
        _check(self.dim, sketches, photos)
        s, p = sketches.double(), photos.double()
        return (self.offset(s).unsqueeze(1) - self.query(s) @ self.key(p).T).to(sketches.dtype)

    def listed(self, sketches: Tensor, photos: Tensor, owners: Tensor) -> Tensor:
        """(B,D), (N,D), (N,) -> (N,): distance of each photo to the sketch whose number `owners` has for it.

        For lists of photos of different lengths, a list for each sketch. Float64 inside, as pairwise.
        """
        _check(self.dim, sketches, photos)
        s, p = sketches.double(), photos.double()
        return (self.offset(s)[owners] - (self.query(s)[owners] * self.key(p)).sum(1)).to(sketches.dtype)


class Euclidean(Distance):
    """sum_i (s_i - p_i)^2, the squared Euclidean distance of the paper's baseline."""

    def offset(self, sketches: Tensor) -> Tensor:
        return sketches.square().sum(1)

    def query(self, sketches: Tensor) -> Tensor:
        return _with_last(2 * sketches, -1)

    def key(self, photos: Tensor) -> Tensor:
        return torch.cat([photos, photos.square().sum(1, keepdim=True)], 1)

    def squares(self) -> Tensor | None:
        return torch.ones(self.dim)


class WeightedEuclidean(Distance):
    """sum_i w_i (s_i - p_i)^2 with one learned weight a dimension, w = 1 at the start."""

    def __init__(self, dim: int) -> None:
        super().__init__(dim)
        self.weight = nn.Parameter(torch.ones(dim))

    def offset(self, sketches: Tensor) -> Tensor:
        return sketches.square() @ self.weight.to(sketches.dtype)

    def query(self, sketches: Tensor) -> Tensor:
        return _with_last(2 * sketches * self.weight.to(sketches.dtype), -1)

    def key(self, photos: Tensor) -> Tensor:
        return torch.cat([photos, (photos.square() @ self.weight.to(photos.dtype)).unsqueeze(1)], 1)

    def squares(self) -> Tensor | None:
        return self.weight


class Mahalanobis(Distance):
    """(s-p)^T L^T L (s-p) with a learned L, L = I at the start; positive semi-definite by construction."""

    def __init__(self, dim: int) -> None:
        super().__init__(dim)
        self.weight = nn.Parameter(torch.eye(dim))

    def offset(self, sketches: Tensor) -> Tensor:
        return (sketches @ self.weight.to(sketches.dtype).T).square().sum(1)

    def query(self, sketches: Tensor) -> Tensor:
        transform = self.weight.to(sketches.dtype)
        return _with_last(2 * (sketches @ transform.T) @ transform, -1)

    def key(self, photos: Tensor) -> Tensor:
        square = (photos @ self.weight.to(photos.dtype).T).square().sum(1, keepdim=True)
        return torch.cat([photos, square], 1)


class HOLEF(Distance):
    """Higher-order learnable energy function, sum_ij W_ij (s_i - p_j)^2: the paper's HOLEF, W = I at the start.

    With r and c the row and column sums of W it equals r.s^2 + c.p^2 - 2 s^T W p, in O(D^2) for a sketch and O(D) for
    each photo. W may have negative entries, so the distance may be negative.
    """

    def __init__(self, dim: int) -> None:
        super().__init__(dim)
        self.weight = nn.Parameter(torch.eye(dim))

    def offset(self, sketches: Tensor) -> Tensor:
        return sketches.square() @ self.weight.to(sketches.dtype).sum(1)

    def query(self, sketches: Tensor) -> Tensor:
        return _with_last(2 * sketches @ self.weight.to(sketches.dtype), -1)  # 2 W^T s, one sketch a row

    def key(self, photos: Tensor) -> Tensor:
        return torch.cat([photos, (photos.square() @ self.weight.to(photos.dtype).sum(0)).unsqueeze(1)], 1)

    def squares(self) -> Tensor | None:
        return self.weight.sum(0)


DISTANCES: dict[str, Callable[[int], Distance]] = {
    "euclidean": Euclidean,
    "weighted-euclidean": WeightedEuclidean,
    "mahalanobis": Mahalanobis,
    "holef": HOLEF,
}


def _with_last(vectors: Tensor, value: float) -> Tensor:
    """(B,D) -> (B,D+1) with a constant last column."""
    return nn.functional.pad(vectors, (0, 1), value=value)


def _check(dim: int, sketches: Tensor, photos: Tensor) -> None:
    for name, value in (("sketches", sketches), ("photos", photos)):
        if value.ndim != 2 or value.shape[1] != dim:
            raise ValueError(f"{name}: got embeddings of shape {tuple(value.shape)}, expected (B,{dim})")

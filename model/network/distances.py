"""Learned distances between a sketch and a photo, each in pairwise, listed and search form.

Every distance here is a quadratic that splits into a part of the sketch alone and one inner product:

    distance(s, p) = offset(s) - <query(s), key(p)>

The three forms follow from this identity. Ranking by distance is a maximum-inner-product search over the keys, without
an outer subtraction. Arguments are always (sketch, photo), since HOLEF is not symmetric.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn


class Distance(nn.Module, ABC):
    """A distance over embeddings of `dim` dimensions; smaller is nearer.

    It may be negative, and need not be a metric.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    @property
    def search_dim(self) -> int:
        """Length of queries and keys."""
        return self.dim + 1

    @abstractmethod
    def offset(self, sketches: Tensor) -> Tensor:
        """Compute the part of the distance that is equal for all photos: (B,D) -> (B,)."""

    @abstractmethod
    def query(self, sketches: Tensor) -> Tensor:
        """Compute the queries of sketches for an inner-product index of keys: (B,D) -> (B,D+1)."""

    @abstractmethod
    def key(self, photos: Tensor) -> Tensor:
        """Compute the keys of photos for an inner-product index: (N,D) -> (N,D+1)."""

    def squares(self) -> Tensor | None:
        """Return c (D,) if a key's last entry is sum_j c_j p_j^2, else None."""
        return None

    def pairwise(self, sketches: Tensor, photos: Tensor) -> Tensor:
        """Compute the distance of every sketch to every photo: (B,D), (N,D) -> (B,N).

        It is computed in float64, since the terms cancel for near pairs, and returned in the sketches' type.
        """
        _check_shapes(self.dim, sketches, photos)
        s, p = sketches.double(), photos.double()
        return (self.offset(s).unsqueeze(1) - self.query(s) @ self.key(p).T).to(sketches.dtype)

    def listed(self, sketches: Tensor, photos: Tensor, owners: Tensor) -> Tensor:
        """Compute the distance of each photo to its sketch: (B,D), (N,D), (N,) -> (N,).

        `owners` has the row of each photo's sketch. A sketch may have any number of photos. Float64 inside, like
        pairwise().
        """
        _check_shapes(self.dim, sketches, photos)
        s, p = sketches.double(), photos.double()
        return (self.offset(s)[owners] - (self.query(s)[owners] * self.key(p)).sum(1)).to(sketches.dtype)


class Euclidean(Distance):
    """Squared Euclidean distance, sum_i (s_i - p_i)^2: the paper's baseline."""

    def offset(self, sketches: Tensor) -> Tensor:
        """Compute |s|^2."""
        return sketches.square().sum(1)

    def query(self, sketches: Tensor) -> Tensor:
        """Compute (2 s, -1)."""
        return _append_column(2 * sketches, -1)

    def key(self, photos: Tensor) -> Tensor:
        """Compute (p, |p|^2)."""
        return torch.cat([photos, photos.square().sum(1, keepdim=True)], 1)

    def squares(self) -> Tensor | None:
        """Return ones."""
        return torch.ones(self.dim)


class WeightedEuclidean(Distance):
    """sum_i w_i (s_i - p_i)^2 with one learned weight per dimension; initially w = 1."""

    def __init__(self, dim: int) -> None:
        super().__init__(dim)
        self.weight = nn.Parameter(torch.ones(dim))

    def offset(self, sketches: Tensor) -> Tensor:
        """Compute sum_i w_i s_i^2."""
        return sketches.square() @ self.weight.to(sketches.dtype)

    def query(self, sketches: Tensor) -> Tensor:
        """Compute (2 w s, -1)."""
        return _append_column(2 * sketches * self.weight.to(sketches.dtype), -1)

    def key(self, photos: Tensor) -> Tensor:
        """Compute (p, sum_i w_i p_i^2)."""
        return torch.cat([photos, (photos.square() @ self.weight.to(photos.dtype)).unsqueeze(1)], 1)

    def squares(self) -> Tensor | None:
        """Return w."""
        return self.weight


class Mahalanobis(Distance):
    """(s-p)^T L^T L (s-p) with a learned L, initially L = I; positive semi-definite by construction."""

    def __init__(self, dim: int) -> None:
        super().__init__(dim)
        self.weight = nn.Parameter(torch.eye(dim))

    def offset(self, sketches: Tensor) -> Tensor:
        """Compute |L s|^2."""
        return (sketches @ self.weight.to(sketches.dtype).T).square().sum(1)

    def query(self, sketches: Tensor) -> Tensor:
        """Compute (2 L^T L s, -1)."""
        transform = self.weight.to(sketches.dtype)
        return _append_column(2 * (sketches @ transform.T) @ transform, -1)

    def key(self, photos: Tensor) -> Tensor:
        """Compute (p, |L p|^2)."""
        square = (photos @ self.weight.to(photos.dtype).T).square().sum(1, keepdim=True)
        return torch.cat([photos, square], 1)


class HOLEF(Distance):
    """Higher-order learnable energy function, sum_ij W_ij (s_i - p_j)^2; initially W = I.

    With the row sums r and the column sums c of W it equals r.s^2 + c.p^2 - 2 s^T W p. It takes O(D^2) per sketch and
    O(D) per photo. W may have negative entries, so the distance may be negative.
    """

    def __init__(self, dim: int) -> None:
        super().__init__(dim)
        self.weight = nn.Parameter(torch.eye(dim))

    def offset(self, sketches: Tensor) -> Tensor:
        """Compute r.s^2."""
        return sketches.square() @ self.weight.to(sketches.dtype).sum(1)

    def query(self, sketches: Tensor) -> Tensor:
        """Compute (2 W^T s, -1)."""
        return _append_column(2 * sketches @ self.weight.to(sketches.dtype), -1)  # 2 W^T s, one sketch a row

    def key(self, photos: Tensor) -> Tensor:
        """Compute (p, c.p^2)."""
        return torch.cat([photos, (photos.square() @ self.weight.to(photos.dtype).sum(0)).unsqueeze(1)], 1)

    def squares(self) -> Tensor | None:
        """Return c."""
        return self.weight.sum(0)


DISTANCES: dict[str, Callable[[int], Distance]] = {
    "euclidean": Euclidean,
    "weighted-euclidean": WeightedEuclidean,
    "mahalanobis": Mahalanobis,
    "holef": HOLEF,
}


def _append_column(vectors: Tensor, value: float) -> Tensor:
    """Append a constant last column: (B,D) -> (B,D+1)."""
    return nn.functional.pad(vectors, (0, 1), value=value)


def _check_shapes(dim: int, sketches: Tensor, photos: Tensor) -> None:
    """Raise ValueError for embeddings that are not (B,dim)."""
    for name, value in (("sketches", sketches), ("photos", photos)):
        if value.ndim != 2 or value.shape[1] != dim:
            raise ValueError(f"{name}: got embeddings of shape {tuple(value.shape)}, expected (B,{dim})")

"""Learned distances between a sketch and a photo, each in pairwise and search form.

Every distance here is a quadratic that splits into a part of the sketch alone and one inner product:

    distance(s, p) = offset(s) - <query(s), key(p)>

Both forms follow from this identity. Ranking by distance is a maximum-inner-product search over the keys, without
an outer subtraction. Arguments are always (sketch, photo), since HOLEF is not symmetric.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn


class SketchTerms(NamedTuple):
    """Terms of a distance that depend on sketches alone: offsets (B,) and queries (B,D+1)."""

    offsets: Tensor
    queries: Tensor

    def take(self, rows: list[int]) -> SketchTerms:
        """Return the terms of the sketches of these rows."""
        return SketchTerms(self.offsets[rows], self.queries[rows])


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
    def photo_offset(self, photos: Tensor) -> Tensor:
        """Compute the part of the distance that is equal for all sketches, a key's last entry: (N,D) -> (N,)."""

    def key(self, photos: Tensor) -> Tensor:
        """Compute the keys of photos for an inner-product index: (N,D) -> (N,D+1)."""
        return torch.cat([photos, self.photo_offset(photos).unsqueeze(1)], 1)

    def sketch_terms(self, sketches: Tensor) -> SketchTerms:
        """Compute offsets and queries together: (B,D) -> (B,), (B,D+1)."""
        return SketchTerms(self.offset(sketches), self.query(sketches))

    def squares(self) -> Tensor | None:
        """Return c (D,) if a key's last entry is sum_j c_j p_j^2, else None."""
        return None

    def pairwise(self, sketches: Tensor, photos: Tensor) -> Tensor:
        """Compute the distance of every sketch to every photo: (B,D), (N,D) -> (B,N).

        It is computed in float64, since the terms cancel for near pairs, and returned in the sketches' type.
        """
        _check_shapes(self.dim, sketches, photos)
        offsets, queries = self.sketch_terms(sketches.double())
        return (offsets.unsqueeze(1) - queries @ self.key(photos.double()).T).to(sketches.dtype)


class Euclidean(Distance):
    """Squared Euclidean distance, sum_i (s_i - p_i)^2: the paper's baseline."""

    def offset(self, sketches: Tensor) -> Tensor:
        """Compute |s|^2."""
        return sketches.square().sum(1)

    def query(self, sketches: Tensor) -> Tensor:
        """Compute (2 s, -1)."""
        return _append_column(2 * sketches, -1)

    def photo_offset(self, photos: Tensor) -> Tensor:
        """Compute |p|^2."""
        return photos.square().sum(1)

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

    def photo_offset(self, photos: Tensor) -> Tensor:
        """Compute sum_i w_i p_i^2."""
        return photos.square() @ self.weight.to(photos.dtype)

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

    def photo_offset(self, photos: Tensor) -> Tensor:
        """Compute |L p|^2."""
        return (photos @ self.weight.to(photos.dtype).T).square().sum(1)


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

    def sketch_terms(self, sketches: Tensor) -> SketchTerms:
        """Compute both terms by one product with W, since reading W takes longest: r.s^2 is the sum of W^T s^2."""
        squares, linear = (torch.cat([sketches.square(), sketches]) @ self.weight.to(sketches.dtype)).chunk(2)
        return SketchTerms(squares.sum(1), _append_column(2 * linear, -1))

    def photo_offset(self, photos: Tensor) -> Tensor:
        """Compute c.p^2."""
        return photos.square() @ self.weight.to(photos.dtype).sum(0)

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

"""Ranks of true photos by distances."""

from __future__ import annotations

from torch import Tensor


def rank_truth(distances: Tensor, truth: Tensor) -> Tensor:
    """Rank the true photo of each sketch among all photos, from 1: (Q,N), (Q,) int64 -> (Q,) int64."""
    own = distances.gather(1, truth[:, None])
    return 1 + (distances < own).sum(1)

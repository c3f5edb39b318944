"""Spatial attention over a feature map, the paper's attention module."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_UNIFORM = 1e-6  # weights that differ by less are all the same


class NoAttention(nn.Module):
    """The ablation without attention: the map passes through, and every position weighs the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(B,C,H,W) -> the same map, and a uniform attention map (B,1,H,W)."""
        height, width = features.shape[2:]
        return features, torch.full_like(features[:, :1], 1 / (height * width))


class SpatialAttention(nn.Module):
    """Two 1x1 convolutions and a softmax over positions give alpha; the output is alpha*f, or f + alpha*f with the
    shortcut, which keeps the map usable where the attention is still wrong."""

    def __init__(self, channels: int, shortcut: bool = True, hidden: int = 256) -> None:
        super().__init__()
        self.shortcut = shortcut
        self.hidden = nn.Conv2d(channels, hidden, 1)
        self.energy = nn.Conv2d(hidden, 1, 1)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(B,C,H,W) -> attended map (B,C,H,W), attention map (B,1,H,W) that sums to 1 over positions."""
        energy = self.energy(self.hidden(features).relu())  # (B,1,H,W)
        alpha = energy.flatten(2).float().softmax(2).view_as(energy)  # (B,1,H,W)
        attended = features * alpha
        return (features + attended if self.shortcut else attended), alpha


def strengths(attention: Tensor) -> Tensor | None:
    """Attention maps (B,1,H,W) as they are shown: (B,H,W) from 0 to 1, the largest of each map 1.

    It is the square root of a weight's share of its map's largest: maps are so peaked that all but one position would
    be blank otherwise. None when no map has any position that weighs more than another.
    """
    maps = attention[:, 0]  # (B,H,W)
    largest, least = maps.amax((1, 2), keepdim=True), maps.amin((1, 2), keepdim=True)
    return (maps / largest).sqrt() if (largest - least).max() > _UNIFORM else None

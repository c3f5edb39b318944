"""Spatial attention over a feature map, the paper's attention module."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_UNIFORM = 1e-6  # weights that differ by less count as equal


class NoAttention(nn.Module):
    """Identity for the ablation without attention: all positions have equal weight."""

    def __init__(self, channels: int) -> None:
        super().__init__()

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (B,C,H,W) unchanged, with a uniform attention map (B,1,H,W)."""
        height, width = features.shape[2:]
        return features, torch.full_like(features[:, :1], 1 / (height * width))


class SpatialAttention(nn.Module):
    """Attention map alpha by two 1x1 convolutions and a softmax over positions.

    The output is alpha*f, or f + alpha*f with the shortcut, which keeps the map usable where the attention is wrong.
    """

    def __init__(self, channels: int, *, shortcut: bool = True, hidden: int = 256) -> None:
        super().__init__()
        self.shortcut = shortcut
        self.hidden = nn.Conv2d(channels, hidden, 1)
        self.energy = nn.Conv2d(hidden, 1, 1)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Attend to features (B,C,H,W): attended map (B,C,H,W), and attention map (B,1,H,W).

        The attention map sums to 1 over positions.
        """
        energy = self.energy(self.hidden(features).relu())  # (B,1,H,W)
        alpha = energy.flatten(2).float().softmax(2).view_as(energy)  # (B,1,H,W)
        attended = features * alpha
        return (features + attended if self.shortcut else attended), alpha


def strengths(attention: Tensor) -> Tensor | None:
    """Scale attention maps (B,1,H,W) for display: (B,H,W) from 0 to 1, the largest of each map 1.

    A strength is the square root of a weight's share of its map's largest. Maps are so peaked that all but one position
    would be blank otherwise. Returns None when all maps are uniform.
    """
    maps = attention[:, 0]  # (B,H,W)
    largest, least = maps.amax((1, 2), keepdim=True), maps.amin((1, 2), keepdim=True)
    return (maps / largest).sqrt() if (largest - least).max() > _UNIFORM else None

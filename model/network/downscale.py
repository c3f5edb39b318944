"""Frames at a smaller size, for the parts of a network that are made for it."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Downscale(nn.Module):
    """Area resampling of square frames: each pixel is the mean of what it covers; no parameters.

    Two matrix products, since ONNX has no area resampling by a factor that is not whole.
    """

    weights: Tensor

    def __init__(self, size: int, to: int) -> None:
        super().__init__()
        self.register_buffer("weights", _coverage(size, to), persistent=False)  # (to,size)

    def forward(self, frames: Tensor) -> Tensor:
        """Resample: (B,1,size,size) -> (B,1,to,to)."""
        return self.weights @ frames @ self.weights.T


def _coverage(size: int, to: int) -> Tensor:
    """Compute the share of each of `size` pixels in each of `to` larger ones: (to,size), with rows of sum 1."""
    edges = torch.arange(to + 1, dtype=torch.float64) * size / to
    pixels = torch.arange(size, dtype=torch.float64)
    overlap = torch.minimum(edges[1:, None], pixels + 1) - torch.maximum(edges[:-1, None], pixels)  # (to,size)
    return (overlap.clamp(min=0) * to / size).float()

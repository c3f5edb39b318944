"""Orientation maps: a fixed first layer with the oriented lines that few pairs cannot teach a network."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class OrientationMap(nn.Module):
    """Gradients softly binned into orientations and normalised locally; no parameters.

    The gradient is that of the Gaussian-smoothed frame. Its magnitude is split between the two nearest of `bins`
    orientations in [0, pi), and averaged over 2x2 pixels. It is divided by the local energy, so that faint and bold,
    sparse and dense lines have equal weight.
    """

    weights: Tensor

    def __init__(self, bins: int = 8, sigma: float = 1.0, neighbourhood: int = 9) -> None:
        super().__init__()
        self.bins, self.neighbourhood = bins, neighbourhood
        self.register_buffer("weights", _gradient_kernels(sigma), persistent=False)  # (2,1,k,k)

    def forward(self, frames: Tensor) -> Tensor:
        """Compute maps (B,1,S,S) -> (B,bins,S/2,S/2), non-negative, in float32."""
        # in full precision despite the caller's autocast, since angles of bf16 gradients are too coarse
        with torch.autocast(frames.device.type, enabled=False):
            gradient = F.conv2d(frames.float(), self.weights, padding=self.weights.shape[-1] // 2)  # (B,2,S,S)
            dx, dy = gradient[:, :1], gradient[:, 1:]
            magnitude = (dx.square() + dy.square() + 1e-12).sqrt()  # (B,1,S,S)
            position = (torch.atan2(dy, dx) * (self.bins / math.pi)).remainder(self.bins)  # in bins
            lower = position.floor()
            beyond = (position - lower) * magnitude  # share of the upper of the two bins
            first = lower.long() % self.bins  # remainder() can round up to `bins`
            shape = (frames.shape[0], self.bins, *frames.shape[2:])  # not len(), which is a constant in a trace
            shared = magnitude.new_zeros(shape)  # (B,bins,S,S)
            shared = shared.scatter(1, first, magnitude - beyond).scatter_add(1, (first + 1) % self.bins, beyond)
            binned = F.avg_pool2d(shared, 2)
            energy = F.avg_pool2d(binned.sum(1, keepdim=True), self.neighbourhood, 1, self.neighbourhood // 2)
            return binned / (energy + 0.02)


def _gradient_kernels(sigma: float) -> Tensor:
    """Build derivatives of a Gaussian along x and y: (2,1,k,k) with k = 6 sigma + 1, unit absolute sum."""
    radius = math.ceil(3 * sigma)
    x = torch.arange(-radius, radius + 1, dtype=torch.float32)
    gauss = torch.exp(-x.square() / (2 * sigma**2))
    dx = -x * gauss / (sigma**2)
    kernel = torch.outer(gauss, dx)
    kernel = kernel / kernel.abs().sum()
    return torch.stack([kernel, kernel.T]).unsqueeze(1)

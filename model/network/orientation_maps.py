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
    centres: Tensor

    def __init__(self, bins: int = 8, sigma: float = 1.0, neighbourhood: int = 9) -> None:
        super().__init__()
        self.bins, self.neighbourhood = bins, neighbourhood
        self.register_buffer("weights", _gradient_kernels(sigma), persistent=False)  # (2,1,k,k)
        centres = (torch.arange(bins, dtype=torch.float32) + bins / 2) % bins - bins / 2  # -bins/2..bins/2
        self.register_buffer("centres", centres[:, None, None], persistent=False)  # (bins,1,1)

    def forward(self, frames: Tensor) -> Tensor:
        """Compute maps (B,1,S,S) -> (B,bins,S/2,S/2), non-negative, in float32."""
        # in full precision despite the caller's autocast, since angles of bf16 gradients are too coarse
        with torch.autocast(frames.device.type, enabled=False):
            gradient = F.conv2d(frames.float(), self.weights, padding=self.weights.shape[-1] // 2)  # (B,2,S,S)
            dx, dy = gradient[:, :1], gradient[:, 1:]
            magnitude = (dx.square() + dy.square() + 1e-12).sqrt()  # (B,1,S,S)
            # arctan, not arctan2, which ONNX lacks; 1e-30 gives an angle of 0 where there is no gradient
            position = torch.atan(dy / (dx + 1e-30)) * (self.bins / math.pi)  # in bins: -bins/2..bins/2
            apart = (position - self.centres).abs()  # (B,bins,S,S)
            share = (1 - torch.minimum(apart, self.bins - apart)).relu()  # the first bin follows the last
            binned = F.avg_pool2d(share * magnitude, 2)
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

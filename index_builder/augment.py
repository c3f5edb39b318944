"""Distortions that make a sketch look like another person's and an edge map like a sketch; batched, on any device."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class AugmentConfig:
    """How far a frame may be distorted. Lengths are fractions of the frame's side."""

    rotation: float = 7.0  # degrees
    scale: float = 0.12  # of each axis by itself, so that proportions change too
    shear: float = 0.08
    shift: float = 0.03
    elastic: float = 0.025  # of a smooth random displacement
    patches: int = 3  # at most so many pieces are erased
    patch: float = 0.22  # largest side of one
    bold: float = 0.3  # share of frames whose lines are thickened


def augment(frames: Tensor, flips: Tensor, config: AugmentConfig = AugmentConfig()) -> Tensor:
    """Distort frames (B,1,S,S), each in its own way; flips (B,) bool: which are mirrored."""
    warped = F.grid_sample(frames, _grid(frames, flips, config), align_corners=False)
    bold = torch.rand(len(frames), 1, 1, 1, device=frames.device) < config.bold
    thick = F.max_pool2d(warped, 3, 1, 1)
    return torch.where(bold, thick, warped) * _kept(frames, config)


def _grid(frames: Tensor, flips: Tensor, config: AugmentConfig) -> Tensor:
    """Where each output pixel is read from: an affine map plus a smooth displacement, (B,S,S,2) in -1..1."""
    count, device = len(frames), frames.device

    def spread(limit: float) -> Tensor:
        return (torch.rand(count, device=device) * 2 - 1) * limit

    angle, shear = spread(math.radians(config.rotation)), spread(config.shear)
    width, height = 1 + spread(config.scale), 1 + spread(config.scale)
    mirror = torch.where(flips, -1.0, 1.0)
    first = torch.stack([mirror * angle.cos() * width, (shear - angle.sin()) * height, spread(2 * config.shift)], 1)
    second = torch.stack([mirror * angle.sin() * width, angle.cos() * height, spread(2 * config.shift)], 1)
    affine = F.affine_grid(torch.stack([first, second], 1), list(frames.shape), align_corners=False)
    rough = torch.randn(count, 2, 5, 5, device=device) * config.elastic
    smooth = F.interpolate(rough, frames.shape[2:], mode="bicubic", align_corners=True)  # (B,2,S,S)
    return affine + smooth.permute(0, 2, 3, 1)


def _kept(frames: Tensor, config: AugmentConfig) -> Tensor:
    """(B,1,S,S) of ones with up to `patches` rectangles of zeros in each."""
    count, side, device = len(frames), frames.shape[-1], frames.device
    axis = (torch.arange(side, device=device) + 0.5) / side
    shape = (count, config.patches, 1)
    present = torch.rand(shape, device=device) < 0.5
    inside = []
    for _ in range(2):
        centre, half = torch.rand(shape, device=device), torch.rand(shape, device=device) * config.patch / 2
        inside.append((axis - centre).abs() < half)  # (B,patches,S)
    erased = (inside[0] & present).unsqueeze(3) & inside[1].unsqueeze(2)  # (B,patches,S,S)
    return (~erased.any(1, keepdim=True)).to(frames.dtype)

"""Augmentation that makes a sketch look like another person's, and an edge map like a sketch.

It works on batches, on any device. All deformations of a frame form one sampling grid, so that each frame is resampled
once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from index_builder.training.data.line_segments import MAX_PIECES
from index_builder.training.ranks.ranks import Share


@dataclass(frozen=True)
class AugmentConfig:
    """Strengths of the distortions. Lengths are fractions of the frame's side."""

    rotation: float = 7.0  # degrees
    scale: float = 0.12  # of each axis separately, so that proportions change too
    shear: float = 0.08
    shift: float = 0.03
    elastic: float = 0.0125  # standard deviation of a smooth random displacement
    dropped: float = 0.2  # largest share of segments that are dropped; up to three times as many of the short ones
    moved: float = 0.01  # half the largest standard deviation of a segment's own displacement
    patches: int = 3  # largest number of erased rectangles
    patch: float = 0.22  # largest side of such a rectangle
    bold: float = 0.3  # share of frames whose lines are thickened


def augment(
    frames: Tensor, pieces: Tensor, flips: Tensor, share: Share, config: AugmentConfig = AugmentConfig()
) -> Tensor:
    """Distort the frames (B,1,S,S) of a share of a batch, each in its own way.

    pieces (B,S,S) uint8: segment_lines() of each frame; flips (B,) bool: the frames to mirror.
    """
    labels = pieces.flatten(1).long()  # (B,S*S)
    grid = _sampling_grid(frames, flips, share, config)
    moves = _draw_moves(frames, labels, share, config)
    moves = F.grid_sample(moves, grid, mode="nearest", align_corners=False)  # (B,2,S,S)
    thinned_out = frames * _mask_dropped_pieces(frames, labels, share, config)
    warped = F.grid_sample(thinned_out, grid + moves.permute(0, 2, 3, 1), align_corners=False)
    bold = share.uniform(1, 1, 1, device=frames.device) < config.bold
    thick = F.max_pool2d(warped, 3, 1, 1)
    return torch.where(bold, thick, warped) * _mask_patches(frames, share, config)


def _sampling_grid(frames: Tensor, flips: Tensor, share: Share, config: AugmentConfig) -> Tensor:
    """Build the sampling grid (B,S,S,2) in -1..1: an affine map plus a smooth displacement."""
    device = frames.device

    def spread(limit: float) -> Tensor:
        return (share.uniform(device=device) * 2 - 1) * limit

    angle, shear = spread(math.radians(config.rotation)), spread(config.shear)
    width, height = 1 + spread(config.scale), 1 + spread(config.scale)
    mirror = torch.where(flips, -1.0, 1.0)
    first = torch.stack([mirror * angle.cos() * width, (shear - angle.sin()) * height, spread(2 * config.shift)], 1)
    second = torch.stack([mirror * angle.sin() * width, angle.cos() * height, spread(2 * config.shift)], 1)
    affine = F.affine_grid(torch.stack([first, second], 1), list(frames.shape), align_corners=False)
    rough = share.normal(2, 5, 5, device=device) * 2 * config.elastic
    smooth = F.interpolate(rough, frames.shape[2:], mode="bicubic", align_corners=True)  # (B,2,S,S)
    return affine + smooth.permute(0, 2, 3, 1)


def _mask_dropped_pieces(frames: Tensor, labels: Tensor, share: Share, config: AugmentConfig) -> Tensor:
    """Build masks (B,1,S,S) of ones with zeros where a line segment is dropped.

    Short segments are dropped more often, since people omit small details first.
    """
    count, side, device = len(frames), frames.shape[-1], frames.device
    ink = torch.zeros(count, MAX_PIECES, device=device).scatter_add_(1, labels, frames.flatten(1))
    length = ink / 2  # px: lines are about two px wide
    careless = share.uniform(1, device=device) * config.dropped
    chance = careless * (1 + 2 * torch.exp(-length / (0.08 * side)))  # (B,MAX_PIECES)
    is_kept = (share.uniform(MAX_PIECES, device=device) >= chance).to(frames.dtype)
    return is_kept.gather(1, labels).view(count, 1, side, side)


def _draw_moves(frames: Tensor, labels: Tensor, share: Share, config: AugmentConfig) -> Tensor:
    """Draw the displacement of each pixel's line segment, (B,2,S,S) in units of the grid (2 is a whole side)."""
    count, side, device = len(frames), frames.shape[-1], frames.device
    careless = share.uniform(1, 1, device=device) * 2 * config.moved
    moves = share.normal(2, MAX_PIECES, device=device) * careless
    return moves.gather(2, labels.unsqueeze(1).expand(-1, 2, -1)).view(count, 2, side, side)


def _mask_patches(frames: Tensor, share: Share, config: AugmentConfig) -> Tensor:
    """Build masks (B,1,S,S) of ones with up to `patches` rectangles of zeros."""
    side, device = frames.shape[-1], frames.device
    axis = (torch.arange(side, device=device) + 0.5) / side
    shape = (config.patches, 1)
    present = share.uniform(*shape, device=device) < 0.5
    inside = []
    for _ in range(2):
        centre, half = share.uniform(*shape, device=device), share.uniform(*shape, device=device) * config.patch / 2
        inside.append((axis - centre).abs() < half)  # (B,patches,S)
    erased = (inside[0] & present).unsqueeze(3) & inside[1].unsqueeze(2)  # (B,patches,S,S)
    return (~erased.any(1, keepdim=True)).to(frames.dtype)

"""Frames of drawn curves, by torch alone."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

_WAVES = 4  # sine waves of each coordinate of a curve
_POINTS = 4096  # of a curve
_MARGIN = 0.06  # of the side
_SHAKE = 0.05  # by which a curve differs when it is drawn again, in standard deviations of its waves


def draw_frames(n: int, size: int) -> Tensor:
    """Draw n closed curves, then each of them again by a less steady hand: frames (2n,1,S,S), ink 1 on ground 0."""
    random = torch.Generator().manual_seed(0)
    waves = torch.randn(n, 2, 2, _WAVES, generator=random)  # amplitudes of sines and cosines, x and y
    waves = torch.cat([waves, waves + _SHAKE * torch.randn(waves.shape, generator=random)])
    turns = torch.arange(1, _WAVES + 1)
    angles = 2 * math.pi * torch.linspace(0, 1, _POINTS) * turns[:, None]
    bases = torch.stack([angles.sin(), angles.cos()]) / turns[:, None]  # (2,waves,points)
    places = torch.einsum("ncbw,bwp->ncp", waves, bases)
    low, high = places.amin(2, keepdim=True), places.amax(2, keepdim=True)
    pixels = ((_MARGIN + (1 - 2 * _MARGIN) * (places - low) / (high - low)) * size).long()  # (2n,2,points)
    frames = torch.zeros(2 * n, 1, size, size)
    frames[torch.arange(2 * n)[:, None], 0, pixels[:, 1], pixels[:, 0]] = 1
    return F.max_pool2d(frames, 3, 1, 1)

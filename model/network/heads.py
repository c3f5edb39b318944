"""Heads: what of a network's maps goes into the embedding. The embedding is the heads' outputs, each L2-normalised."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from model.network.attention import SpatialAttention
from model.network.squeezenet import SqueezeTrunk


class FineHead(nn.Sequential):
    """Sketch-a-Net's fc6 (512) and fc7 (256) on the attended map: the deep, semantic part (B,256)."""

    reads = "attended"
    dim = 256

    def __init__(self, channels: int, side: int) -> None:
        super().__init__(
            nn.Flatten(),  # (B,C*H*W)
            nn.Linear(channels * side * side, 512),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(512, self.dim),
        )


class CoarseHead(nn.Module):
    """The attended map averaged over positions (B,C): the part that the paper's coarse-fine fusion adds."""

    reads = "attended"

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.dim = channels

    def forward(self, attended: Tensor) -> Tensor:
        """(B,C,H,W) -> (B,C)"""
        return attended.mean((2, 3))


class SpatialHead(nn.Sequential):
    """Where things are: the attended map narrowed to 32 channels and flattened, then one linear layer (B,256)."""

    reads = "attended"
    dim = 256

    def __init__(self, channels: int, side: int) -> None:
        super().__init__(
            nn.Conv2d(channels, 32, 1),  # (B,32,H,W)
            nn.ReLU(),
            nn.Flatten(),  # (B,32*H*W)
            nn.Dropout(0.2),
            nn.Linear(32 * side * side, self.dim),
        )


class StemHead(nn.Module):
    """The orientation map itself, averaged to 8x8 cells (B,8*8*8): untrained shape that training cannot unlearn."""

    reads = "stem"
    dim = 8 * 8 * 8

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()

    def forward(self, stem: Tensor) -> Tensor:
        """(B,8,S,S) -> (B,512)"""
        return F.adaptive_avg_pool2d(stem, 8).flatten(1)


class SqueezeHead(nn.Module):
    """A second opinion from a network that knows photos: SqueezeNet on the frame, attended and pooled (B,512)."""

    reads = "frames"
    dim = SqueezeTrunk.channels

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.trunk = SqueezeTrunk()
        self.attention = SpatialAttention(self.dim)

    def forward(self, frames: Tensor) -> Tensor:
        """(B,1,S,S) -> (B,512)"""
        attended: Tensor = self.attention(self.trunk(frames))[0]
        return attended.mean((2, 3))

"""Heads: the parts of the embedding, each computed from one of the network's maps and L2-normalised."""

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
        """Average over positions: (B,C,H,W) -> (B,C)."""
        return attended.mean((2, 3))


class SpatialHead(nn.Sequential):
    """Positions of things: a map narrowed to few channels, then one linear layer (B,256)."""

    reads = "attended"
    dim = 256
    narrowed = 32  # channels

    def __init__(self, channels: int, side: int) -> None:
        super().__init__(
            nn.Conv2d(channels, self.narrowed, 1),  # (B,narrowed,H,W)
            nn.ReLU(),
            nn.Flatten(),  # (B,narrowed*H*W)
            nn.Dropout(0.2),
            nn.Linear(self.narrowed * side * side, self.dim),
        )


class LocalHead(SpatialHead):
    """Positions of buckles and seams: a spatial head of the expert's map at stride 8."""

    reads = "stride8"
    narrowed = 8


class RegionalHead(SpatialHead):
    """Positions of heels and handles: a spatial head of the expert's map at stride 16."""

    reads = "stride16"


class GlobalHead(nn.Module):
    """Shape as a whole: the expert's map at stride 32, attended and pooled (B,C)."""

    reads = "stride32"

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.dim = channels
        self.attention = SpatialAttention(channels)

    def forward(self, features: Tensor) -> Tensor:
        """Average over attended positions: (B,C,H,W) -> (B,C)."""
        attended: Tensor = self.attention(features)[0]
        return attended.mean((2, 3))


class StemHead(nn.Module):
    """Orientation map averaged to 8x8 cells (B,8*8*8): shape information that training cannot change."""

    reads = "stem"
    dim = 8 * 8 * 8

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()

    def forward(self, stem: Tensor) -> Tensor:
        """Average over cells: (B,8,S,S) -> (B,512)."""
        return F.adaptive_avg_pool2d(stem, 8).flatten(1)


class SqueezeHead(nn.Module):
    """Second opinion of a network trained on photos: SqueezeNet on the frame, attended and pooled (B,512)."""

    reads = "frames"
    dim = SqueezeTrunk.channels

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.trunk = SqueezeTrunk()
        self.attention = SpatialAttention(self.dim)

    def forward(self, frames: Tensor) -> Tensor:
        """Compute the head's output: (B,1,S,S) -> (B,512)."""
        attended: Tensor = self.attention(self.trunk(frames))[0]
        return attended.mean((2, 3))

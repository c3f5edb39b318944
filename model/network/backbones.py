"""Trunks: frames, or their orientation maps, -> a feature map."""

from __future__ import annotations

from torch import Tensor, nn


class SketchANet(nn.Sequential):
    """Sketch-a-Net's convolutions as published (BMVC 2015): (B,1,225,225) -> (B,256,7,7)."""

    reads = "frames"
    channels = 256
    side = 7

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 64, 15, stride=3),  # (B,64,71,71)
            nn.ReLU(),
            nn.MaxPool2d(3, 2),  # (B,64,35,35)
            nn.Conv2d(64, 128, 5),  # (B,128,31,31)
            nn.ReLU(),
            nn.MaxPool2d(3, 2),  # (B,128,15,15)
            nn.Conv2d(128, 256, 3, padding=1),  # (B,256,15,15)
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),  # (B,256,7,7)
        )


class ResidualTrunk(nn.Sequential):
    """A small residual network for orientation maps: (B,8,64,64) -> (B,256,8,8)."""

    reads = "stem"
    channels = 256
    side = 8

    def __init__(self, bins: int = 8) -> None:
        super().__init__(
            _build_convolution(bins, 32),  # (B,32,64,64)
            _build_convolution(32, 64, stride=2),  # (B,64,32,32)
            ResidualBlock(64),
            _build_convolution(64, 128, stride=2),  # (B,128,16,16)
            ResidualBlock(128),
            _build_convolution(128, 256, stride=2),  # (B,256,8,8)
            ResidualBlock(256),
        )


class NoTrunk(nn.Module):
    """Absent second trunk: no maps, of frames of any size."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.maps: dict[str, tuple[int, int]] = {}

    def forward(self, frames: Tensor) -> dict[str, Tensor]:
        """Return no maps."""
        return {}


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _build_convolution(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, features: Tensor) -> Tensor:
        """Compute features (B,C,H,W) -> (B,C,H,W)."""
        update: Tensor = self.second(self.first(features))
        return (features + update).relu()


def _build_convolution(channels: int, out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU()
    )

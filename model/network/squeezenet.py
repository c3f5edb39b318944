"""SqueezeNet 1.0's convolutions as a trunk for line images, and the conversion of its ImageNet weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

_GROUND = 255.0  # of 0..255: in photos, on which the weights were trained, paper is white and ink black


class Fire(nn.Module):
    """A 1x1 convolution to few channels, then 1x1 and 3x3 convolutions side by side."""

    def __init__(self, channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """Compute features: (B,channels,H,W) -> (B,2*expanded,H,W)."""
        squeezed = self.squeeze(features).relu()
        return torch.cat([self.expand1x1(squeezed), self.expand3x3(squeezed)], 1).relu()


class SqueezeTrunk(nn.Sequential):
    """SqueezeNet 1.0 up to fire9, for one channel of ink, with a final normalisation.

    (B,1,128,128) -> (B,512,8,8). The first convolution is padded, so that a small frame keeps its border.
    """

    channels = 512
    side = 8
    conv1 = "0"
    fires: ClassVar[dict[int, str]] = {2: "3", 3: "4", 4: "5", 5: "7", 6: "8", 7: "9", 8: "10", 9: "12"}

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 96, 7, stride=2, padding=3),  # (B,96,64,64)
            nn.ReLU(),
            nn.MaxPool2d(3, 2, ceil_mode=True),  # (B,96,32,32)
            Fire(96, 16, 64),  # (B,128,32,32)
            Fire(128, 16, 64),
            Fire(128, 32, 128),  # (B,256,32,32)
            nn.MaxPool2d(3, 2, ceil_mode=True),  # (B,256,16,16)
            Fire(256, 32, 128),
            Fire(256, 48, 192),  # (B,384,16,16)
            Fire(384, 48, 192),
            Fire(384, 64, 256),  # (B,512,16,16)
            nn.MaxPool2d(3, 2, ceil_mode=True),  # (B,512,8,8)
            Fire(512, 64, 256),
            nn.BatchNorm2d(512),
        )


def imagenet_weights(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Convert SqueezeNet 1.0's published weights for SqueezeTrunk, without its normalisation.

    The published names are Caffe's: conv1, fireN.conv1x1_1 (squeeze), fireN.conv1x1_2, fireN.conv3x3_2 (expand). Their
    input is BGR from 0 to 255 minus (104,117,123). With a grey pixel of 255 (1 - ink) that input is linear in ink. The
    three channels of the first convolution therefore fold into one, and the rest into its bias. Raises KeyError for a
    missing name.
    """
    mean = torch.tensor([104.0, 117.0, 123.0]).view(1, 3, 1, 1)
    first = published["conv1.weight"].float()  # (96,3,7,7)
    weights = {
        f"{SqueezeTrunk.conv1}.weight": -_GROUND * first.sum(1, keepdim=True),  # (96,1,7,7)
        f"{SqueezeTrunk.conv1}.bias": published["conv1.bias"].float() + (first * (_GROUND - mean)).sum((1, 2, 3)),
    }
    parts = {"conv1x1_1": "squeeze", "conv1x1_2": "expand1x1", "conv3x3_2": "expand3x3"}
    for number, place in SqueezeTrunk.fires.items():
        for theirs, ours in parts.items():
            for kind in ("weight", "bias"):
                weights[f"{place}.{ours}.{kind}"] = published[f"fire{number}.{theirs}.{kind}"].float()
    return weights

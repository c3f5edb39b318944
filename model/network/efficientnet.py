"""EfficientNet-lite's convolutions as a trunk for line images, and its ImageNet weights made to fit them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from torch import Tensor, nn


class _Stage(NamedTuple):
    """Blocks of one width, before they are scaled; `stride` is that of the first."""

    kernel: int
    stride: int
    expansion: int
    channels: int
    blocks: int
    name: str = ""  # of the map that it ends with, where heads read that


_STEM = 32  # channels
_STAGES = (
    _Stage(3, 1, 1, 16, 1),
    _Stage(3, 2, 6, 24, 2),
    _Stage(5, 2, 6, 40, 2, "stride8"),
    _Stage(3, 2, 6, 80, 3),
    _Stage(5, 1, 6, 112, 3, "stride16"),
    _Stage(5, 2, 6, 192, 4),
    _Stage(3, 1, 6, 320, 1, "stride32"),
)


class InvertedResidual(nn.Module):
    """1x1 convolution to many channels, a depthwise one and a 1x1 to few; beside the identity if that fits."""

    def __init__(self, channels: int, stage: _Stage, stride: int) -> None:
        super().__init__()
        many = channels * stage.expansion
        self.expand = _convolution(channels, many, 1) if stage.expansion > 1 else nn.Identity()
        self.depthwise = _convolution(many, many, stage.kernel, stride, groups=many)
        self.project = _convolution(many, stage.channels, 1, active=False)
        self.is_residual = stride == 1 and channels == stage.channels

    def forward(self, features: Tensor) -> Tensor:
        """Convolve: (B,C,H,W) -> (B,channels,H/stride,W/stride)."""
        update: Tensor = self.project(self.depthwise(self.expand(features)))
        return features + update if self.is_residual else update


class LiteTrunk(nn.Module):
    """EfficientNet-lite without its last convolution, for one channel of ink: its maps at strides 8, 16 and 32.

    `width` and `depth` scale it: lite0 is 1 and 1, lite2 1.1 and 1.2. `size` is the side of its frames, in px. Where a
    convolution has a stride, the published
    network is padded on the right and below alone, this one on both sides: it sees the frame some pixels elsewhere.
    """

    def __init__(self, size: int = 128, width: float = 1.0, depth: float = 1.0) -> None:
        super().__init__()
        self.stem = _convolution(1, _STEM, 3, stride=2)  # (B,32,size/2,size/2)
        self.blocks = nn.ModuleList()
        self.maps: dict[str, tuple[int, int]] = {}  # channels and side, by name
        self._ends: dict[int, str] = {}  # names of maps, by the block that they come from
        channels, side = _STEM, -(-size // 2)
        for stage in _scale_stages(width, depth):
            for n in range(stage.blocks):
                self.blocks.append(InvertedResidual(channels, stage, 1 if n else stage.stride))
                channels = stage.channels
            side = -(-side // stage.stride)
            if stage.name:
                self.maps[stage.name] = channels, side
                self._ends[len(self.blocks) - 1] = stage.name

    def forward(self, frames: Tensor) -> dict[str, Tensor]:
        """Compute what `maps` describes: (B,1,size,size) -> (B,channels,side,side) for each name."""
        features, maps = self.stem(frames), {}
        for i, block in enumerate(self.blocks):
            features = block(features)
            if i in self._ends:
                maps[self._ends[i]] = features
        return maps


def _scale_stages(width: float, depth: float) -> Iterator[_Stage]:
    """Scale the stages: all widths, and the depths of all but the first and the last."""
    for i, stage in enumerate(_STAGES):
        inner = 0 < i < len(_STAGES) - 1
        blocks = math.ceil(stage.blocks * depth) if inner else stage.blocks
        yield stage._replace(channels=_round_to_eights(stage.channels * width), blocks=blocks)


def _round_to_eights(channels: float) -> int:
    """Round to the nearest multiple of eight, but to at least nine tenths of `channels`."""
    nearest = int(channels + 4) // 8 * 8
    return nearest if nearest >= 0.9 * channels else nearest + 8


def _convolution(
    channels: int, out: int, kernel: int, stride: int = 1, groups: int = 1, *, active: bool = True
) -> nn.Sequential:
    convolution = nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    normalisation = nn.BatchNorm2d(out, eps=1e-3, momentum=0.01)  # as it was trained with
    return nn.Sequential(convolution, normalisation, *([nn.ReLU6()] if active else []))


_PARTS = {
    "_expand_conv": "expand.0",
    "_bn0": "expand.1",
    "_depthwise_conv": "depthwise.0",
    "_bn1": "depthwise.1",
    "_project_conv": "project.0",
    "_bn2": "project.1",
}
_WHITE, _INK = 1.0, -255 / 128  # (255 (1 - ink) - 127) / 128 is _WHITE + _INK * ink


def imagenet_weights(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Convert EfficientNet-lite as published for PyTorch to what fits a LiteTrunk of its size.

    Its names are _conv_stem, _bn0 and _blocks.N._expand_conv and so on; its input is RGB from 0 to 255, less 127, over
    128. That is linear in ink for a grey pixel, so the three channels of the first convolution fold into one, and the
    rest into the mean that is taken from what it gives. What comes after the blocks is left out. Raises KeyError for a
    missing or an unknown name.
    """
    first = published["_conv_stem.weight"].float()  # (32,3,3,3)
    kinds = ("weight", "bias", "running_mean", "running_var")
    weights = {f"stem.1.{kind}": published[f"_bn0.{kind}"].float() for kind in kinds}
    weights["stem.0.weight"] = _INK * first.sum(1, keepdim=True)  # (32,1,3,3)
    weights["stem.1.running_mean"] = weights["stem.1.running_mean"] - _WHITE * first.sum((1, 2, 3))
    for name, value in published.items():
        if name.startswith("_blocks.") and name.endswith(kinds):
            _, number, part, kind = name.split(".")
            weights[f"blocks.{number}.{_PARTS[part]}.{kind}"] = value.float()
    return weights

"""DSSA: frames -> stem -> trunk -> attention -> heads -> embedding, and the distance between embeddings.

Siamese: sketches and the edge maps of photos share one set of weights. The paper's ablations are choices of parts in
NetworkConfig, never branches in forward().
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.network.attention import NoAttention, SpatialAttention
from model.network.backbones import NoTrunk, ResidualTrunk, SketchANet
from model.network.distances import DISTANCES, Distance
from model.network.downscale import Downscale
from model.network.efficientnet import LiteTrunk
from model.network.heads import (
    CoarseHead,
    FineHead,
    GlobalHead,
    LocalHead,
    RegionalHead,
    SpatialHead,
    SqueezeHead,
    StemHead,
)
from model.network.orientation_maps import OrientationMap

STEMS: dict[str, Callable[[], nn.Module]] = {"pixels": nn.Identity, "orientations": OrientationMap}
BACKBONES: dict[str, Callable[[], SketchANet | ResidualTrunk]] = {
    "sketch-a-net": SketchANet,
    "residual": ResidualTrunk,
}
EXPERTS: dict[str, Callable[[int], LiteTrunk | NoTrunk]] = {
    "none": NoTrunk,
    "efficientnet-lite0": LiteTrunk,
    "efficientnet-lite2": partial(LiteTrunk, width=1.1, depth=1.2),
}
ATTENTIONS: dict[str, Callable[[int], nn.Module]] = {
    "none": NoAttention,
    "plain": partial(SpatialAttention, shortcut=False),
    "shortcut": SpatialAttention,
}
_SIZE = 128  # px: side of the frames of the parts beside an expert
Head = FineHead | CoarseHead | SpatialHead | StemHead | SqueezeHead | GlobalHead
HEADS: dict[str, type[Head]] = {
    "fine": FineHead,
    "coarse": CoarseHead,
    "spatial": SpatialHead,
    "stem": StemHead,
    "squeezenet": SqueezeHead,
    "local": LocalHead,
    "regional": RegionalHead,
    "global": GlobalHead,
}


@dataclass(frozen=True)
class NetworkConfig:
    """Parts of a network; the defaults are the paper's full model."""

    stem: str = "pixels"
    backbone: str = "sketch-a-net"
    attention: str = "shortcut"
    heads: tuple[str, ...] = ("fine", "coarse")
    distance: str = "holef"
    compressed: int = 0  # dimensions of the projected heads' outputs; 0 for no projection
    expert: str = "none"  # a second trunk that knows photos; the heads local, regional and global read its maps
    expert_size: int = _SIZE  # px: side of the expert's frames; it alone reads frames larger than 128 px


class DSSA(nn.Module):
    """The deep spatial-semantic attention network of a NetworkConfig. Raises ValueError for an unknown part."""

    def __init__(self, config: NetworkConfig = NetworkConfig()) -> None:
        super().__init__()
        self.config = config
        self.reduce = _build_reduction(config)
        self.stem = _find_part(STEMS, "stem", config.stem)()
        self.backbone = _find_part(BACKBONES, "backbone", config.backbone)()
        self.attention = _find_part(ATTENTIONS, "attention", config.attention)(self.backbone.channels)
        self.expert = _find_part(EXPERTS, "expert", config.expert)(config.expert_size)
        kinds = {name: _find_part(HEADS, "head", name) for name in config.heads}
        self._read_by = {"backbone": self.backbone.reads, **{name: kind.reads for name, kind in kinds.items()}}
        self._needs_backbone = any(kind.reads not in self.expert.maps for kind in kinds.values())
        heads = {name: kind(*self._map_shape(kind.reads)) for name, kind in kinds.items()}
        self.heads = nn.ModuleDict(heads)
        dims = tuple(head.dim for head in heads.values())
        self.compression = nn.Linear(sum(dims), config.compressed) if config.compressed else nn.Identity()
        self.head_dims = (config.compressed,) if config.compressed else dims  # parts of the embedding
        self.dim = sum(self.head_dims)
        self.distance: Distance = _find_part(DISTANCES, "distance", config.distance)(self.dim)

    def _map_shape(self, name: str) -> tuple[int, int]:
        """Return channels and side of a map that heads read. Raises ValueError for a map of an absent expert."""
        own = self.backbone.channels, self.backbone.side
        shapes = dict.fromkeys(("frames", "stem", "attended"), own) | self.expert.maps
        return _find_part(shapes, "map", name)

    def embed(self, frames: Tensor) -> Tensor:
        """Embed frames (B,1,S,S): (B,D) float32, the compressed output of joined()."""
        joined = self.joined(frames)
        with torch.autocast(frames.device.type, enabled=False):  # distances of bf16 embeddings would have ties
            embeddings: Tensor = self.compression(joined)
        return embeddings

    def joined(self, frames: Tensor) -> Tensor:
        """Concatenate the heads' L2-normalised outputs: (B,1,S,S) -> (B,sum of the heads' lengths) float32."""
        maps = self._compute_maps(frames)
        parts = [head(maps[self._read_by[name]]) for name, head in self.heads.items()]
        return torch.cat([F.normalize(part.float(), dim=1) for part in parts], 1)

    def attention_map(self, frames: Tensor) -> Tensor:
        """Compute the weight of each position: (B,1,S,S) -> (B,1,H,W), with a sum of 1."""
        return self._compute_attended(frames)["attention"]

    def _compute_maps(self, frames: Tensor) -> dict[str, Tensor]:
        """Compute the maps of frames (B,1,S,S) that heads read, by the names under which they read them."""
        maps: dict[str, Tensor] = self.expert(frames)
        return maps | self._compute_attended(frames) if self._needs_backbone else maps

    def _compute_attended(self, frames: Tensor) -> dict[str, Tensor]:
        """Compute all maps but the expert's."""
        reduced = self.reduce(frames)
        maps = {"frames": reduced, "stem": self.stem(reduced)}
        features = self.backbone(maps[self._read_by["backbone"]])
        maps["attended"], maps["attention"] = self.attention(features)
        return maps


def _build_reduction(config: NetworkConfig) -> nn.Module:
    """Build what reduces an expert's larger frames for all other parts."""
    if config.expert == "none" or config.expert_size == _SIZE:
        return nn.Identity()
    if config.expert_size < _SIZE:
        raise ValueError(f"expert_size is {config.expert_size}: expected at least {_SIZE} px")
    return Downscale(config.expert_size, _SIZE)


_Image = TypeVar("_Image")


@torch.inference_mode()
def embed_in_chunks(
    network: DSSA,
    images: Sequence[_Image],
    to_tensor: Callable[[Sequence[_Image]], Tensor],
    chunk: int = 64,
    embed: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Embed at least one image: (N,D) on the network's device.

    `to_tensor` converts a chunk of n images to (n,1,S,S), and `embed` embeds it; None: the network itself does.
    """
    embed = embed or network.embed
    device = next(network.parameters()).device
    parts = (images[start : start + chunk] for start in range(0, len(images), chunk))
    return torch.cat([embed(to_tensor(part).to(device)) for part in parts])


_Part = TypeVar("_Part")


def _find_part(parts: dict[str, _Part], kind: str, name: str) -> _Part:
    """Return the part of that name. Raises ValueError, listing the known ones."""
    if name not in parts:
        raise ValueError(f"unknown {kind} {name!r}: expected one of {', '.join(parts)}")
    return parts[name]

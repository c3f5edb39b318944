"""Named recipes: which network, and how it is trained. The paper's ablations are presets that differ in one part."""

from __future__ import annotations

from dataclasses import dataclass, replace

from model.network import NetworkConfig


@dataclass(frozen=True)
class Preset:
    """Everything that, with the data and the seed, determines a training run."""

    summary: str
    network: NetworkConfig
    size: int = 225  # px: side of the network's input
    loss: str = "triplet"  # or "contrastive"
    margin: float = 0.3  # of the triplet loss
    smoothing: float = 0.1  # label smoothing of the contrastive loss
    steps: int = 4000
    batch: int = 48  # pairs a step
    learning_rate: float = 3e-4  # peak of a cosine with warm-up
    distance_rate: float = 1e-3  # of the distance's own parameters: the gradient of W has rank <= 2 and is small
    weight_decay: float = 0.02


def _paper(summary: str, attention: str, heads: tuple[str, ...], distance: str) -> Preset:
    return Preset(summary, NetworkConfig("pixels", "sketch-a-net", attention, heads, distance))


_FINE, _FUSED = ("fine",), ("fine", "coarse")

PRESETS: dict[str, Preset] = {
    "base": _paper("Sketch-a-Net with a triplet loss", "none", _FINE, "euclidean"),
    "attention": _paper("base + attention with shortcut", "shortcut", _FINE, "euclidean"),
    "attention-no-shortcut": _paper("base + attention without shortcut", "plain", _FINE, "euclidean"),
    "fusion": _paper("base + coarse-fine fusion", "none", _FUSED, "euclidean"),
    "holef": _paper("base + HOLEF", "none", _FINE, "holef"),
    "attention-fusion": _paper("attention and fusion, Euclidean distance", "shortcut", _FUSED, "euclidean"),
    "weighted-euclidean": _paper("the same, weighted Euclidean distance", "shortcut", _FUSED, "weighted-euclidean"),
    "mahalanobis": _paper("the same, Mahalanobis distance", "shortcut", _FUSED, "mahalanobis"),
    "dssa": _paper("the paper's full model: attention, fusion and HOLEF", "shortcut", _FUSED, "holef"),
    "oriented": Preset(
        "orientation maps, a residual trunk, attention and HOLEF, contrastive; learns from few pairs on a CPU",
        NetworkConfig("orientations", "residual", "shortcut", ("coarse", "spatial", "stem"), "holef"),
        size=128,
        loss="contrastive",
        steps=6000,
        batch=64,
        learning_rate=1e-3,
    ),
}


def find_preset(name: str, steps: int | None = None) -> Preset:
    """The preset of that name, for another number of steps if given. Raises ValueError, naming the known ones."""
    if name not in PRESETS:
        raise ValueError(f"unknown preset {name!r}: expected one of {', '.join(PRESETS)}")
    if steps is not None and steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    return PRESETS[name] if steps is None else replace(PRESETS[name], steps=steps)

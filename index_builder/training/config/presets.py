"""Named training recipes: network and training settings.

The paper's ablations are presets that differ in one part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from model.checkpoint import MAX_CONTRAST
from model.network.dssa import NetworkConfig
from model.preprocessing.edge_styles import EDGE_STYLES


@dataclass(frozen=True)
class Preset:
    """Everything that, with the data and the seed, determines a training run."""

    summary: str
    network: NetworkConfig
    size: int = 225  # px: side of the network's input
    objective: str = "human-triplets"  # one of index_builder.training.objectives.OBJECTIVES
    margin: float = 0.3  # of the triplet loss
    hard_ratio: float = 0.75  # share of judged sketches whose farther photo is from a human triplet
    smoothing: float = 0.1  # label smoothing where the loss is a softmax
    steps: int = 4000
    batch: int = 48  # pairs per step
    learning_rate: float = 3e-4  # peak of a cosine with warm-up
    distance_rate: float = 1e-3  # of the distance's own parameters: the gradient of W has rank <= 2 and is small
    trunk_rate: float | None = None  # of the trunks, which may start from what others learnt; None: as all the rest
    weight_decay: float = 0.02
    autocast: bool = True  # bf16 where torch can; depthwise convolutions are slower in it on a CPU
    unfinished: float = 0.0  # share of sketches that are replaced by a partial one
    head_loss: float = 0.0  # weight of each head's own contrastive loss
    averaging: float = 0.0  # decay of the weights' moving average, which is saved; 0 saves the last weights
    settled: float = 0.4  # share of the run after which batch normalisation keeps its statistics
    expert_weight: float = 1.0  # of the expert's heads in the squared distances that compression starts from
    styles: tuple[str, ...] = ("served",)  # edge styles of a gallery's photos, whose mean embedding is searched
    max_contrast: float = MAX_CONTRAST  # of answers that a server is confident of (app/search/confidence.py)
    half: bool = False  # the checkpoint holds matrices and kernels as float16
    keeps_network: bool = False  # an intermediate stage: keeps the network of the checkpoint that it starts from


def _paper_preset(summary: str, attention: str, heads: tuple[str, ...], distance: str) -> Preset:
    """Build a preset of the paper's network with the given parts."""
    return Preset(summary, NetworkConfig("pixels", "sketch-a-net", attention, heads, distance))


def _pretraining_preset(summary: str, objective: str, steps: int = 4000, batch: int = 48) -> Preset:
    """Build a preset that pretrains the paper's network, without attention, fusion and HOLEF."""
    network = NetworkConfig("pixels", "sketch-a-net", "none", ("fine",), "euclidean")
    return Preset(
        summary, network, objective=objective, steps=steps, batch=batch, distance_rate=1e-4, keeps_network=True
    )


def _ensemble_preset(summary: str, network: NetworkConfig, **recipe: Any) -> Preset:
    """Build the preset of an ensemble's first stage: each head has a loss of its own."""
    size = network.expert_size
    return Preset(summary, network, size=size, objective="contrastive-pairs", head_loss=0.3, **recipe)


def _compressed_preset(summary: str, ensemble: NetworkConfig, **recipe: Any) -> Preset:
    """Build the preset of an ensemble's last stage: its embedding is compressed and compared by HOLEF."""
    return Preset(
        summary,
        replace(ensemble, distance="holef", compressed=512),
        size=ensemble.expert_size,
        objective="contrastive-pairs",
        learning_rate=2e-4,
        distance_rate=1e-4,
        unfinished=0.25,
        averaging=0.98,
        settled=0.0,
        **recipe,
    )


_FINE, _FUSED = ("fine",), ("fine", "coarse")

_ENSEMBLE = NetworkConfig(
    "orientations", "residual", "shortcut", ("coarse", "spatial", "stem", "squeezenet"), "euclidean"
)
_LITE = replace(
    _ENSEMBLE, heads=("coarse", "spatial", "regional", "global"), expert="efficientnet-lite2", expert_size=160
)

PRESETS: dict[str, Preset] = {
    "base": _paper_preset("Sketch-a-Net with a triplet loss", "none", _FINE, "euclidean"),
    "attention": _paper_preset("base + attention with shortcut", "shortcut", _FINE, "euclidean"),
    "attention-no-shortcut": _paper_preset("base + attention without shortcut", "plain", _FINE, "euclidean"),
    "fusion": _paper_preset("base + coarse-fine fusion", "none", _FUSED, "euclidean"),
    "holef": _paper_preset("base + HOLEF", "none", _FINE, "holef"),
    "attention-fusion": _paper_preset("attention and fusion, Euclidean distance", "shortcut", _FUSED, "euclidean"),
    "weighted-euclidean": _paper_preset(
        "the same, weighted Euclidean distance", "shortcut", _FUSED, "weighted-euclidean"
    ),
    "mahalanobis": _paper_preset("the same, Mahalanobis distance", "shortcut", _FUSED, "mahalanobis"),
    "dssa": _paper_preset("the paper's full model: attention, fusion and HOLEF", "shortcut", _FUSED, "holef"),
    "oriented": Preset(
        "orientation maps, a residual trunk, attention and HOLEF, contrastive; learns from few pairs on a CPU",
        NetworkConfig("orientations", "residual", "shortcut", ("coarse", "spatial", "stem"), "holef"),
        size=128,
        objective="contrastive-pairs",
        steps=6000,
        batch=64,
        learning_rate=1e-3,
    ),
    "ensemble": _ensemble_preset(
        "oriented + SqueezeNet beside it, each head with a loss of its own, averaged weights",
        _ENSEMBLE,
        steps=2800,
        batch=64,
        learning_rate=1e-3,
        averaging=0.995,
    ),
    "ensemble-holef": _compressed_preset("ensemble, compressed, then HOLEF", _ENSEMBLE, steps=400, batch=64),
    "ensemble-lite": _ensemble_preset(
        "oriented + EfficientNet-lite2 beside it, each head with a loss of its own, averaged weights: what ships",
        _LITE,
        steps=800,
        batch=40,
        learning_rate=1.5e-3,
        trunk_rate=6e-4,
        unfinished=0.15,
        autocast=False,
        averaging=0.99,
    ),
    "ensemble-lite-holef": _compressed_preset(
        "ensemble-lite, compressed, then HOLEF: the last stage of what ships",
        _LITE,
        steps=200,
        batch=40,
        trunk_rate=1e-4,
        autocast=False,
        expert_weight=2.0,
        styles=tuple(EDGE_STYLES),
        max_contrast=0.69,  # 7 % of sketches lie above, and 37 % of scribbles (docs/accuracy.md)
        half=True,
    ),
    "recognition-lite": Preset(
        "recognition of labelled sketches by EfficientNet-lite2 alone: the stage before ensemble-lite",
        replace(_LITE, heads=("regional", "global")),
        size=_LITE.expert_size,
        objective="recognition",
        steps=700,
        batch=80,
        learning_rate=1e-3,
        trunk_rate=5e-4,
        autocast=False,
        averaging=0.98,
    ),
    "recognition": _pretraining_preset("stage 1: recognition of labelled sketches", "recognition", batch=96),
    "photo-edges": _pretraining_preset(
        "stage 2: photos alone, their edge maps in several styles", "contrastive-pairs", steps=2000
    ),
    "categories": _pretraining_preset("stage 3: any sketch of a category with any photo of it", "categories"),
}


def find_preset(name: str, steps: int | None = None) -> Preset:
    """Return the preset of that name, with another number of steps if given.

    Raises ValueError for an unknown name, listing the known ones, and for fewer steps than 1.
    """
    if name not in PRESETS:
        raise ValueError(f"unknown preset {name!r}: expected one of {', '.join(PRESETS)}")
    if steps is not None and steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    return PRESETS[name] if steps is None else replace(PRESETS[name], steps=steps)

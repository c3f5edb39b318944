"""Where a run starts from: the weights of an earlier stage, as far as they fit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from index_builder.training.config.errors import TrainingError
from model.checkpoint import Checkpoint, load_checkpoint
from model.network.dssa import DSSA, NetworkConfig
from model.network.squeezenet import imagenet_weights

_SQUEEZE_HEAD = "heads.squeezenet.trunk."


@dataclass(frozen=True)
class InitialWeights:
    """Weights to start from, by the names that DSSA gives them; `checkpoint` is None for published ImageNet weights."""

    weights: Mapping[str, torch.Tensor]
    sha256: str
    checkpoint: Checkpoint | None


def load_start(path: Path, device: str) -> InitialWeights:
    """Read a checkpoint, or SqueezeNet 1.0's ImageNet weights (.safetensors). Raises CheckpointError."""
    try:
        weights = imagenet_weights(load_file(path))
    except (KeyError, SafetensorError, OSError):
        checkpoint = load_checkpoint(path, device)
        return InitialWeights(checkpoint.network.state_dict(), checkpoint.sha256, checkpoint)
    named = {_SQUEEZE_HEAD + name: value.to(device) for name, value in weights.items()}
    return InitialWeights(named, hashlib.sha256(path.read_bytes()).hexdigest(), None)


@dataclass(frozen=True)
class WeightTransfer:
    """Which of a network's parts, such as "backbone" or "heads.fine", take another's weights; partly if not all fit."""

    taken: tuple[str, ...]
    partly: tuple[str, ...]
    fresh: tuple[str, ...]

    def __str__(self) -> str:
        named = {"taken": self.taken, "partly taken": self.partly, "fresh": self.fresh}
        return "; ".join(f"{how}: {', '.join(parts)}" for how, parts in named.items() if parts)


def inheritance(config: NetworkConfig, start: InitialWeights) -> WeightTransfer:
    """Which parts of a network could start from another's; only learnt weights count.

    Raises TrainingError when none could.
    """
    network = DSSA(config)
    learnt, fitting = [name for name, _ in network.named_parameters()], _fitting(network, start)
    some = _parts(name for name in learnt if name in fitting)
    wanting = _parts(name for name in learnt if name not in fitting)
    if not some:
        held = start.checkpoint.network.config if start.checkpoint else "SqueezeNet's ImageNet weights"
        raise TrainingError(f"nothing fits of the network to start from: it is {held}, expected {config}")
    return WeightTransfer(
        taken=tuple(part for part in some if part not in wanting),
        partly=tuple(part for part in some if part in wanting),
        fresh=tuple(part for part in wanting if part not in some),
    )


def load_matching_weights(network: DSSA, start: InitialWeights) -> None:
    """Copy every weight whose name and shape fit, and which means the same there, into the network."""
    with torch.no_grad():
        network.load_state_dict(_fitting(network, start), strict=False)


def _fitting(network: DSSA, start: InitialWeights) -> dict[str, torch.Tensor]:
    own, config = network.state_dict(), network.config
    held = start.checkpoint.network.config if start.checkpoint else config
    # over another embedding a compression or a distance means nothing, whatever its shape
    alike = (held.heads, held.compressed) == (config.heads, config.compressed)
    means = {"compression": alike, "distance": alike and held.distance == config.distance}
    return {
        name: value
        for name, value in start.weights.items()
        if name in own and own[name].shape == value.shape and means.get(name.split(".")[0], True)
    }


def _parts(names: Iterable[str]) -> tuple[str, ...]:
    """Distinct parts of parameter names, in their order: "heads.fine.1.weight" belongs to "heads.fine"."""
    split = (name.split(".") for name in names)
    return tuple(dict.fromkeys(".".join(words[: 2 if words[0] == "heads" else 1]) for words in split))

"""Warm start of a run: the matching weights of earlier stages."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from index_builder.training.config.errors import TrainingError
from model.checkpoint import Checkpoint, load_checkpoint
from model.network import efficientnet, squeezenet
from model.network.dssa import DSSA, NetworkConfig

_PUBLISHED = {"heads.squeezenet.trunk.": squeezenet.imagenet_weights, "expert.": efficientnet.imagenet_weights}


@dataclass(frozen=True)
class InitialWeights:
    """Weights of one file to start from, by their names in DSSA.

    `checkpoint` is None for published ImageNet weights.
    """

    weights: Mapping[str, torch.Tensor]
    sha256: str
    checkpoint: Checkpoint | None


def load_start(path: Path, device: str) -> InitialWeights:
    """Read a checkpoint, or published ImageNet weights (.safetensors) of a trunk. Raises CheckpointError."""
    weights = _read_published(path)
    if not weights:
        checkpoint = load_checkpoint(path, device)
        return InitialWeights(checkpoint.network.state_dict(), checkpoint.sha256, checkpoint)
    on_device = {name: value.to(device) for name, value in weights.items()}
    return InitialWeights(on_device, hashlib.sha256(path.read_bytes()).hexdigest(), None)


def _read_published(path: Path) -> dict[str, torch.Tensor]:
    """Read published weights that fit a trunk, by the names of DSSA; none if the file holds no known ones."""
    with suppress(SafetensorError, OSError):
        published = load_file(path)
        for prefix, convert in _PUBLISHED.items():
            with suppress(KeyError):
                return {prefix + name: value for name, value in convert(published).items()}
    return {}


@dataclass(frozen=True)
class WeightTransfer:
    """Parts of a network, such as "backbone" or "heads.fine", by the share of weights that they take over.

    `partly` are parts of which some weights match.
    """

    taken: tuple[str, ...]
    partly: tuple[str, ...]
    fresh: tuple[str, ...]

    def __str__(self) -> str:
        named = {"taken": self.taken, "partly taken": self.partly, "fresh": self.fresh}
        return "; ".join(f"{how}: {', '.join(parts)}" for how, parts in named.items() if parts)


def inheritance(config: NetworkConfig, starts: Sequence[InitialWeights]) -> WeightTransfer:
    """Return the parts of a network that can start from other weights; only learned weights count.

    Raises TrainingError for weights of which no part can.
    """
    network = DSSA(config)
    learnt = [name for name, _ in network.named_parameters()]
    fitting: set[str] = set()
    for start in starts:
        matching = _select_matching(network, start).keys() & learnt
        if not matching:
            held = start.checkpoint.network.config if start.checkpoint else "published ImageNet weights"
            raise TrainingError(f"no weights of the network to start from fit: it is {held}, expected {config}")
        fitting |= matching
    matching_parts = _distinct_parts(name for name in learnt if name in fitting)
    missing_parts = _distinct_parts(name for name in learnt if name not in fitting)
    return WeightTransfer(
        taken=tuple(part for part in matching_parts if part not in missing_parts),
        partly=tuple(part for part in matching_parts if part in missing_parts),
        fresh=tuple(part for part in missing_parts if part not in matching_parts),
    )


def load_matching_weights(network: DSSA, starts: Sequence[InitialWeights]) -> None:
    """Copy every weight of the same name, shape and meaning into the network; later ones replace earlier ones."""
    with torch.no_grad():
        for start in starts:
            network.load_state_dict(_select_matching(network, start), strict=False)


def _select_matching(network: DSSA, start: InitialWeights) -> dict[str, torch.Tensor]:
    """Select the weights of the same name, shape and meaning."""
    own, config = network.state_dict(), network.config
    held = start.checkpoint.network.config if start.checkpoint else config
    # a compression or a distance is only valid for the embedding that it was trained on
    alike = (held.heads, held.compressed) == (config.heads, config.compressed)
    is_comparable = {"compression": alike, "distance": alike and held.distance == config.distance}
    return {
        name: value
        for name, value in start.weights.items()
        if name in own and own[name].shape == value.shape and is_comparable.get(name.split(".")[0], True)
    }


def _distinct_parts(names: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct parts of parameter names, in order: "heads.fine" for "heads.fine.1.weight"."""
    split = (name.split(".") for name in names)
    return tuple(dict.fromkeys(".".join(words[: 2 if words[0] == "heads" else 1]) for words in split))

"""One training run: how a step changes the network, how it is validated, and how its state is kept."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from index_builder.augment import augment
from index_builder.presets import Preset
from index_builder.samples import SampleSet, draw_batch, to_input
from model.checkpoint import load_checkpoint
from model.distances import HOLEF
from model.images import Pixels
from model.losses import contrastive_loss, holef_penalty, triplet_loss
from model.network import DSSA

_SETTLED = 0.4  # share of the run after which batch normalisation keeps its statistics
_MIXED = 0.25  # share of batches drawn from all folders
_LARGE = 400  # pairs: a folder beyond that is not drawn from more often


class TrainingError(ValueError):
    """The run cannot start, or does not fit the state that it would resume."""


class Learner:
    """Network, optimiser, schedule and random state of one training run: all that is needed to go on with it."""

    def __init__(self, preset: Preset, seed: int, device: str, data: dict[str, Any]) -> None:
        torch.manual_seed(seed)
        self.preset, self.device, self.data = preset, torch.device(device), data
        self.identity = json.dumps({"preset": asdict(preset), "seed": seed, **data})
        self.random = np.random.default_rng(seed)
        self.step = 0
        self.network = DSSA(preset.network).to(self.device)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.temperature = nn.Parameter(torch.tensor(math.log(0.15), device=self.device))
        self.optimiser = self._optimiser()
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, self._rate)

    def _optimiser(self) -> torch.optim.Optimizer:
        distance = list(self.network.distance.parameters())
        special = {id(parameter) for parameter in distance}
        others = [p for p in self.network.parameters() if id(p) not in special]
        matrices = [p for p in others if p.ndim > 1]
        vectors = [p for p in others if p.ndim <= 1] + [self.temperature]
        preset = self.preset
        groups: list[dict[str, Any]] = [
            {"params": matrices, "weight_decay": preset.weight_decay},
            {"params": vectors},
            {"params": distance, "lr": preset.distance_rate},
        ]
        return torch.optim.AdamW(groups, lr=preset.learning_rate, weight_decay=0.0)

    def _rate(self, step: int) -> float:
        """Linear warm-up over a twentieth of the run, then half a cosine down to zero."""
        warm = max(1, self.preset.steps // 20)
        if step < warm:
            return (step + 1) / warm
        return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, self.preset.steps - warm)))

    def advance(self, sets: Sequence[SampleSet]) -> float:
        """One optimiser step; returns the loss."""
        sketches, edges = self._draw(sets)
        frames = torch.cat([to_input(sketches), to_input(edges)]).to(self.device)
        flips = (torch.rand(len(sketches), device=self.device) < 0.5).repeat(2)
        self.network.train()
        if self.step >= _SETTLED * self.preset.steps:
            _freeze_statistics(self.network)
        frames = augment(frames, flips).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16):
            embeddings = self.network.embed(frames)
        loss = self._loss(*embeddings.chunk(2))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.schedule.step()
        self.step += 1
        return loss.item()

    def _draw(self, sets: Sequence[SampleSet]) -> tuple[list[Pixels], list[Pixels]]:
        """Mostly pairs of one folder, larger folders somewhat more often: their photos are the hard negatives.

        Now and then pairs of all folders, or nothing would teach the network to tell a boot from a chair.
        """
        if self.random.random() < _MIXED:
            return self.draw_from_all(sets)
        weights = np.sqrt([min(len(samples.samples), _LARGE) for samples in sets])
        chosen = sets[self.random.choice(len(sets), p=weights / weights.sum())]
        return draw_batch(chosen, self.preset.batch, self.random)

    def draw_from_all(self, sets: Sequence[SampleSet]) -> tuple[list[Pixels], list[Pixels]]:
        """A batch with pairs of as many folders as it can hold."""
        batch = self.preset.batch
        order = self.random.permutation(len(sets))[:batch]
        share = -(-batch // len(order))
        drawn = [draw_batch(sets[i], share, self.random) for i in order]
        sketches, edges = ([frame for pair in drawn for frame in pair[side]] for side in (0, 1))
        return sketches[:batch], edges[:batch]

    def _loss(self, sketches: Tensor, photos: Tensor) -> Tensor:
        """Every other photo of the batch is a negative. (B,D), (B,D) -> ()."""
        distances = self.network.distance.pairwise(sketches, photos)
        if self.preset.loss == "contrastive":
            loss = contrastive_loss(distances, self.temperature.exp(), self.preset.smoothing)
        else:
            others = ~torch.eye(len(distances), dtype=torch.bool, device=distances.device)
            positive = distances.diagonal().unsqueeze(1).expand_as(distances)
            loss = triplet_loss(positive[others], distances[others], self.preset.margin)
        if isinstance(self.network.distance, HOLEF):
            loss = loss + holef_penalty(self.network.distance.weight)
        return loss

    @torch.inference_mode()
    def validate(self, sets: Sequence[SampleSet]) -> dict[str, float]:
        """acc@1 in percent of each set: every sketch that people drew against the set's photos."""
        self.network.eval()
        accuracy = {}
        for samples in sets:
            photos = self._embed([sample.edges[0] for sample in samples.samples])
            sketches = [frame for sample in samples.samples for frame in sample.sketches[: sample.drawn]]
            truth = [i for i, sample in enumerate(samples.samples) for _ in range(sample.drawn)]
            nearest = self.network.distance.pairwise(self._embed(sketches), photos).argmin(1).cpu()
            accuracy[samples.name] = 100 * float((nearest == torch.tensor(truth)).float().mean())
        return accuracy

    def _embed(self, frames: Sequence[Pixels]) -> Tensor:
        parts = [self.network.embed(to_input(frames[i : i + 64]).to(self.device)) for i in range(0, len(frames), 64)]
        return torch.cat(parts)

    def save(self, path: Path) -> None:
        """Write the state atomically."""
        state = {
            "identity": self.identity,
            "step": self.step,
            "network": self.network.state_dict(),
            "temperature": self.temperature.detach(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state() if self.device.type == "cuda" else None,
            "numpy": self.random.bit_generator.state,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        os.replace(partial, path)

    def begin(self, start_from: Path | None, state: Path) -> None:
        """Go on from a saved state if there is one, else from a checkpoint's weights if one is given."""
        if state.exists():
            self._resume(state)
        elif start_from is not None:
            checkpoint = load_checkpoint(start_from, str(self.device))
            if checkpoint.network.config != self.preset.network:
                raise TrainingError(
                    f"{start_from} holds another network: {checkpoint.network.config}, expected {self.preset.network}"
                )
            self.network.load_state_dict(checkpoint.network.state_dict())

    def _resume(self, path: Path) -> None:
        """Raises TrainingError when the state is of another run."""
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
        except Exception as error:  # the unpickler raises almost anything
            reason = f"{type(error).__name__} while reading it"
            raise TrainingError(f"{path} is damaged ({reason}): remove it to start afresh") from None
        if state["identity"] != self.identity:
            raise TrainingError(
                f"{path} is the state of another run: it has {state['identity']}, this one is {self.identity}; "
                "remove it to start afresh, or choose another --out"
            )
        self.network.load_state_dict(state["network"])
        self.temperature.data.copy_(state["temperature"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["torch"].cpu())
        if state["cuda"] is not None:
            torch.cuda.set_rng_state(state["cuda"].cpu())
        self.random.bit_generator.state = state["numpy"]
        self.step = state["step"]


def _freeze_statistics(network: nn.Module) -> None:
    """Normalise as at serving. Most batches hold one category, whose own statistics serving will never see."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()

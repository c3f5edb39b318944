"""State of one training run: a step, validation, saving and resuming."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from app.core.atomic_files import write_atomically
from index_builder.training.config.errors import TrainingError
from index_builder.training.config.presets import Preset
from index_builder.training.config.run_identity import difference, identify
from index_builder.training.data.augment import augment
from index_builder.training.data.samples import LineImage, SampleSet, to_input, to_pieces
from index_builder.training.objectives import find_objective
from index_builder.training.ranks.ranks import Ranks
from index_builder.training.warm_start import InitialWeights, load_matching_weights
from model.network.compression import fit_compression
from model.network.dssa import DSSA, Head, embed_in_chunks


class TrainingRun:
    """Network, objective, optimiser, schedule and random state of one training run.

    `n_sets` is the number of sample sets for train_step(), and `data` describes them. Several ranks have a run each, in
    equal states: each draws all batches, but embeds only its share of their images.
    """

    def __init__(
        self,
        preset: Preset,
        seed: int,
        device: str,
        data: dict[str, Any],
        n_sets: int = 1,
        ranks: Ranks = Ranks(),
    ) -> None:
        torch.manual_seed(seed)
        self.preset, self.device, self.data = preset, torch.device(device), data
        self.identity = identify(preset, seed, **data)
        self.random = np.random.default_rng(seed)
        self.ranks = ranks
        self.step = 0
        self.network = DSSA(preset.network).to(self.device)
        ranks.prepare(self.network)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.objective = find_objective(preset)(preset, self.network.head_dims, n_sets).to(self.device)
        average = get_ema_multi_avg_fn(preset.averaging)  # type: ignore[no-untyped-call]
        self._average = AveragedModel(self.network, multi_avg_fn=average, use_buffers=True)
        self.optimiser = self._build_optimiser()
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, self._rate_factor)

    @property
    def averaged(self) -> DSSA:
        """Network whose weights are the moving average over the steps so far; it is validated and saved."""
        return cast(DSSA, self._average.module)

    def _build_optimiser(self) -> torch.optim.Optimizer:
        """Build AdamW with weight decay on matrices only, and own rates for the distance and, if set, the trunks."""
        preset, network = self.preset, self.network
        distance = list(network.distance.parameters())
        trunks = [] if preset.trunk_rate is None else [*network.backbone.parameters(), *network.expert.parameters()]
        special = {id(parameter) for parameter in (*distance, *trunks)}
        others = [p for p in network.parameters() if id(p) not in special] + list(self.objective.parameters())
        groups = _decay_groups(others, preset.learning_rate, preset.weight_decay)
        groups.append({"params": distance, "lr": preset.distance_rate})
        if preset.trunk_rate is not None:
            groups += _decay_groups(trunks, preset.trunk_rate, preset.weight_decay)
        return torch.optim.AdamW(groups, weight_decay=0.0)

    def _rate_factor(self, step: int) -> float:
        """Return the learning rate's factor: linear warm-up over a twentieth of the run, then half a cosine to zero."""
        warm = max(1, self.preset.steps // 20)
        if step < warm:
            return (step + 1) / warm
        return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, self.preset.steps - warm)))

    def train_step(self, sets: Sequence[SampleSet]) -> float:
        """Run one optimiser step and return the loss."""
        batch = self.objective.draw(sets, self.random)
        images = [*batch.sketches, *batch.photos]
        share = self.ranks.share(len(images))
        own = images[share.rows]
        frames, pieces = to_input(own).to(self.device), to_pieces(own).to(self.device)
        flips = torch.rand(len(batch.sketches), device=self.device) < 0.5
        flips = torch.cat([flips, flips[batch.mates]])[share.rows]
        self.network.train()
        if self.step >= self.preset.settled * self.preset.steps:
            _freeze_statistics(self.network)
        frames = augment(frames, pieces, flips, share).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.preset.autocast):
            embeddings = self.network.embed(frames)
        embeddings = self.ranks.gather(embeddings, share)
        count = len(batch.sketches)
        loss = self.objective.loss(self.network.distance, embeddings[:count], embeddings[count:], batch)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.ranks.average_gradients([*self.network.parameters(), *self.objective.parameters()])
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.schedule.step()
        self._average.update_parameters(self.network)
        self.step += 1
        return loss.item()

    @torch.inference_mode()
    def validate(self, sets: Sequence[SampleSet]) -> dict[str, float]:
        """Return the objective's figures on held-out sets, in percent."""
        self.averaged.eval()
        return self.ranks.from_first(lambda: self.objective.validate(self.averaged.distance, self._embed, sets))

    def _embed(self, frames: Sequence[LineImage]) -> Tensor:
        return embed_in_chunks(self.averaged, frames, to_input)

    def save(self, path: Path) -> None:
        """Write the state atomically, from the first rank. It does not depend on the number of ranks."""
        self.ranks.from_first(lambda: self._write(path))

    def _write(self, path: Path) -> None:
        state = {
            "identity": json.dumps(self.identity),
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self._average.state_dict(),
            "objective": self.objective.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state() if self.device.type == "cuda" else None,
            "numpy": self.random.bit_generator.state,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda partial: torch.save(state, partial))

    def resume_or_initialise(self, starts: Sequence[InitialWeights], state: Path) -> None:
        """Resume from a saved state if it exists, else copy the matching weights of `starts`.

        The first rank reads the state for all. Raises TrainingError when the state, or another rank, is of another run.
        """
        if differs := difference(self.identity, self.ranks.from_first(lambda: self.identity)):
            raise TrainingError(f"rank {self.ranks.rank} does not train the same as rank 0: {differs}")
        saved = self.ranks.from_first(lambda: _read_state(state) if state.exists() else None)
        if saved is not None:
            self._resume(saved, state)
        else:
            load_matching_weights(self.network, starts)
            load_matching_weights(self.averaged, starts)

    def begin_alike(self) -> None:
        """Give all ranks the weights of the first, since machines may compute the last digits differently."""
        for module in (self.network, self._average, self.objective):
            self.ranks.copy_first(module)

    def fit_compression(self, sets: Sequence[SampleSet]) -> None:
        """Fit the first rank's compression to the heads' outputs for a sketch and an edge map of every sample."""
        self.ranks.from_first(lambda: self._fit(sets))

    @torch.inference_mode()
    def _fit(self, sets: Sequence[SampleSet]) -> None:
        images = [image for s in sets for x in s.samples for image in (*x.edges[:1], *x.sketches[:1])]
        self.network.eval()
        joined = embed_in_chunks(self.network, images, to_input, embed=self.network.joined)
        for network in (self.network, self.averaged):
            fit_compression(network.compression, joined, self._weigh_coordinates())

    def _weigh_coordinates(self) -> Tensor:
        """Return the weight of each coordinate of the heads' outputs (D,) in squared distances."""
        expert, weight = self.network.expert.maps, self.preset.expert_weight
        heads = [cast(Head, head) for head in self.network.heads.values()]
        return torch.cat([torch.full((head.dim,), weight if head.reads in expert else 1.0) for head in heads])

    def _resume(self, state: dict[str, Any], path: Path) -> None:
        """Load a saved state, read from `path`. Raises TrainingError when it is of another run."""
        if differs := difference(json.loads(state["identity"]), self.identity):
            raise TrainingError(
                f"{path} is the state of another run: {differs}; remove it to start over, or choose another --out"
            )
        self.network.load_state_dict(state["network"])
        self._average.load_state_dict(state["average"])
        self.objective.load_state_dict(state["objective"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["torch"])
        if state["cuda"] is not None:
            torch.cuda.set_rng_state(state["cuda"])
        self.random.bit_generator.state = state["numpy"]
        self.step = state["step"]


def _read_state(path: Path) -> dict[str, Any]:
    """Read a saved state, with all tensors on the CPU. Raises TrainingError when it is damaged."""
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the unpickler raises almost any exception
        reason = f"{type(error).__name__} while reading it"
        raise TrainingError(f"{path} is damaged ({reason}): remove it to start over") from None
    return state


def _decay_groups(parameters: Sequence[nn.Parameter], rate: float, decay: float) -> list[dict[str, Any]]:
    """Return groups of an optimiser: matrices and kernels, which decay, and vectors, which do not."""
    return [
        {"params": [p for p in parameters if p.ndim > 1], "lr": rate, "weight_decay": decay},
        {"params": [p for p in parameters if p.ndim <= 1], "lr": rate},
    ]


def _freeze_statistics(network: nn.Module) -> None:
    """Normalise as at serving.

    Most batches hold one category. Their statistics differ from those at serving.
    """
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()

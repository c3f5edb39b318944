"""Ranking losses, and pairs of a sketch and its photo; every other photo of the batch is a negative."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from index_builder.training.config.presets import Preset
from index_builder.training.data.samples import SampleSet, draw_batch
from index_builder.training.objectives.base import Batch, Objective
from model.network.distances import HOLEF, Distance, Euclidean
from model.network.losses import contrastive_loss, holef_penalty, triplet_loss

_MIXED = 0.25  # share of batches drawn from all folders
_LARGE = 400  # pairs: larger folders are not drawn from more often
_SKETCHLESS = 0.5  # how often a folder without sketches is drawn from, relative to one with sketches


class ContrastivePairs(Objective):
    """Symmetric InfoNCE with a learned temperature, also of each head alone with the preset's weight.

    Without the heads' own losses one head learns and the others stay untrained. The embedding is an ensemble, so that
    each member has to be good.
    """

    def __init__(self, preset: Preset, head_dims: Sequence[int], n_sets: int) -> None:
        super().__init__(preset, head_dims, n_sets)
        self.temperature = nn.Parameter(torch.tensor(math.log(0.15)))
        self.head_temperatures = nn.Parameter(torch.full((len(head_dims),), math.log(0.1)))
        self._parts = [Euclidean(dim) for dim in head_dims]

    def draw(self, sets: Sequence[SampleSet], random: np.random.Generator) -> Batch:
        """Draw pairs of distinct photos."""
        return draw_pairs(sets, self.preset.batch, random, self.preset.unfinished)

    def loss(self, distance: Distance, sketches: Tensor, photos: Tensor, batch: Batch) -> Tensor:
        """Return the contrastive loss of the whole embedding, plus the weighted losses of its heads."""
        smoothing = self.preset.smoothing
        loss = contrastive_loss(distance.pairwise(sketches, photos), self.temperature.exp(), smoothing)
        loss = loss + regularisation(distance)
        if not self.preset.head_loss:
            return loss
        dims = [part.dim for part in self._parts]
        parts = zip(self._parts, torch.split(sketches, dims, 1), torch.split(photos, dims, 1), strict=True)
        alone = [
            contrastive_loss(part.pairwise(s, p), temperature.exp(), smoothing)
            for (part, s, p), temperature in zip(parts, self.head_temperatures, strict=True)
        ]
        return loss + self.preset.head_loss * torch.stack(alone).sum()


class TripletRanking(Objective):
    """The paper's ranking loss over the batch's negatives; subclasses draw the batches."""

    def loss(self, distance: Distance, sketches: Tensor, photos: Tensor, batch: Batch) -> Tensor:
        """Return the triplet loss of the batch, with the distance's regularisation."""
        distances = distance.pairwise(sketches, photos)
        target, farther = batch.target.to(distances.device), batch.farther.to(distances.device)
        return triplet_loss(distances, target, farther, self.preset.margin) + regularisation(distance)


def regularisation(distance: Distance) -> Tensor | float:
    """Return HOLEF's penalty for a HOLEF distance, else 0.

    It keeps the learned distance near its start.
    """
    return holef_penalty(distance.weight) if isinstance(distance, HOLEF) else 0.0


def draw_pairs(sets: Sequence[SampleSet], count: int, random: np.random.Generator, unfinished: float = 0.0) -> Batch:
    """Draw pairs of distinct photos; `unfinished` is the share of sketches that are replaced by partial ones."""
    drawn = [draw_batch(samples, share, random, unfinished) for samples, share in shares(sets, count, random)]
    sketches, edges = ([frame for pair in drawn for frame in pair[side]][:count] for side in (0, 1))
    own = torch.arange(len(sketches))
    return Batch(sketches, edges, own, own, ~torch.eye(len(sketches), dtype=torch.bool))


def shares(sets: Sequence[SampleSet], count: int, random: np.random.Generator) -> list[tuple[SampleSet, int]]:
    """Return the sets to draw a batch from, with the number of samples of each; the last may exceed the batch.

    Most batches come from one folder, since its other photos are the hard negatives. Larger folders are drawn somewhat
    more often. If the folder has too few samples, others fill the batch.

    A share of the batches comes from as many folders as the batch can hold. They teach the network to separate the
    categories.
    """
    if random.random() < _MIXED:
        order = random.permutation(len(sets))[:count]
        return [(sets[i], -(-count // len(order))) for i in order]
    weights = np.array([_draw_weight(samples) for samples in sets])
    chosen: list[tuple[SampleSet, int]] = []
    for i in random.choice(len(sets), len(sets), replace=False, p=weights / weights.sum()):
        if count <= 0:
            break
        chosen.append((sets[i], min(count, len(sets[i].samples))))
        count -= chosen[-1][1]
    return chosen


def _draw_weight(samples: SampleSet) -> float:
    """Return how often a folder is drawn from, relative to the others."""
    sketched = any(sample.drawn for sample in samples.samples)
    return math.sqrt(min(len(samples.samples), _LARGE)) * (1 if sketched else _SKETCHLESS)

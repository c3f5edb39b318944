"""Recognition of labelled sketches, the paper's first stage."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from index_builder.training.config.errors import TrainingError
from index_builder.training.config.presets import Preset
from index_builder.training.data.samples import SampleSet
from index_builder.training.objectives.base import Batch, Embed, Objective
from model.network.distances import Distance


class Recognition(Objective):
    """Softmax over a linear classifier of the embedding; each set holds the sketches of one class.

    Each head's part of the embedding has unit length, so the logits get a learned scale.
    """

    labelled = True

    def __init__(self, preset: Preset, head_dims: Sequence[int], n_sets: int) -> None:
        super().__init__(preset, head_dims, n_sets)
        self.classifier = nn.Linear(sum(head_dims), n_sets)
        self.scale = nn.Parameter(torch.tensor(math.log(16.0)))

    def check(self, sets: Sequence[SampleSet]) -> None:
        """Raise TrainingError when fewer than two classes have sketches."""
        n_classes = sum(bool(samples.samples) for samples in sets)
        if n_classes < 2:
            raise TrainingError(f"found sketches of {n_classes} class(es) to train on, expected at least 2")

    def draw(self, sets: Sequence[SampleSet], random: np.random.Generator) -> Batch:
        """Draw any sketches; larger classes are drawn more often."""
        sizes = np.array([len(samples.samples) for samples in sets])
        classes = random.choice(len(sets), self.preset.batch, p=sizes / sizes.sum())
        sketches = [sets[i].samples[random.integers(sizes[i])].sketches[0] for i in classes]
        return Batch(sketches, [], torch.arange(0), torch.from_numpy(classes), torch.zeros(len(sketches), 0).bool())

    def loss(self, distance: Distance, sketches: Tensor, photos: Tensor, batch: Batch) -> Tensor:
        """Return the cross entropy of the sketches' classes."""
        target = batch.target.to(sketches.device)
        return F.cross_entropy(self._compute_logits(sketches), target, label_smoothing=self.preset.smoothing)

    def validate(self, distance: Distance, embed: Embed, sets: Sequence[SampleSet]) -> dict[str, float]:
        """Return the percentage of sketches whose class is recognised."""
        sketches = [(label, x.sketches[0]) for label, samples in enumerate(sets) for x in samples.samples]
        if not sketches:
            return {}
        predicted = self._compute_logits(embed([frame for _, frame in sketches])).argmax(1).cpu()
        return {
            "recognition": 100 * float((predicted == torch.tensor([label for label, _ in sketches])).float().mean())
        }

    def _compute_logits(self, embeddings: Tensor) -> Tensor:
        """Compute logits: (B,D) -> (B,n_sets)."""
        logits: Tensor = self.classifier(embeddings * self.scale.exp())
        return logits

"""What all objectives have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from index_builder.training.config.errors import TrainingError
from index_builder.training.config.presets import Preset
from index_builder.training.data.samples import LineImage, SampleSet
from model.network.distances import Distance

Embed = Callable[[Sequence[LineImage]], Tensor]  # frames at the network's size -> embeddings (N,D)


@dataclass(frozen=True)
class Batch:
    """What one step looks at: B sketches and M photos' edge maps, and what the sketches are to learn of them."""

    sketches: list[LineImage]
    photos: list[LineImage]
    mates: Tensor  # (M,) int64: the sketch with which each photo shares a flip
    target: Tensor  # (B,) int64: the photo that each sketch is to be nearest to; for recognition its class
    farther: Tensor  # (B,M) bool: the photos that are to be farther from a sketch than its target


class Objective(nn.Module, ABC):
    """Draws batches from sample sets, and computes a loss of their embeddings.

    What it learns itself, such as a temperature, are its parameters: they belong to the training state, not to the
    checkpoint. `head_dims` are the lengths of the embedding's parts, `n_sets` says how many sets it will draw from.
    """

    labelled = False  # learns from labelled sketches rather than from pairs

    def __init__(self, preset: Preset, head_dims: Sequence[int], n_sets: int) -> None:
        super().__init__()
        self.preset = preset

    def check(self, sets: Sequence[SampleSet]) -> None:
        """Raise TrainingError, naming the set, where there is too little to draw from."""
        for samples in sets:
            if len(samples.samples) < 2:
                count = len(samples.samples)
                raise TrainingError(f"{samples.name} has {count} pair(s) to train on, expected at least 2")

    @abstractmethod
    def draw(self, sets: Sequence[SampleSet], random: np.random.Generator) -> Batch:
        """The next batch; all its chance comes from `random`, so that a resumed run draws the same."""

    @abstractmethod
    def loss(self, distance: Distance, sketches: Tensor, photos: Tensor, batch: Batch) -> Tensor:
        """Embeddings of the batch's sketches (B,D) and photos (M,D) -> ()."""

    def validate(self, distance: Distance, embed: Embed, sets: Sequence[SampleSet]) -> dict[str, float]:
        """acc@1 in percent of each set: every sketch that people drew against the set's photos."""
        return {samples.name: accuracy(distance, embed, samples) for samples in sets}


def accuracy(distance: Distance, embed: Embed, samples: SampleSet) -> float:
    """acc@1 in percent: every sketch that people drew of a set's photos against all of them."""
    photos = embed([sample.edges[0] for sample in samples.samples])
    sketches = [frame for sample in samples.samples for frame in sample.sketches[: sample.drawn]]
    truth = [i for i, sample in enumerate(samples.samples) for _ in range(sample.drawn)]
    nearest = distance.pairwise(embed(sketches), photos).argmin(1).cpu()
    return 100 * float((nearest == torch.tensor(truth)).float().mean())

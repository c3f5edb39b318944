"""Common parts of all objectives."""

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
    """Input and target of one step: B sketches, and the edge maps of M photos."""

    sketches: list[LineImage]
    photos: list[LineImage]
    mates: Tensor  # (M,) int64: the sketch that each photo is mirrored together with
    target: Tensor  # (B,) int64: the photo that should be nearest to each sketch; for recognition its class
    farther: Tensor  # (B,M) bool: the photos that should be farther from a sketch than its target


class Objective(nn.Module, ABC):
    """Drawing of batches from sample sets, and a loss over their embeddings.

    Learned values of an objective, such as a temperature, are its parameters. They belong to the training state, not to
    the checkpoint.

    `head_dims` are the lengths of the embedding's parts, `n_sets` is the number of sets to draw from.
    """

    labelled = False  # trains on labelled sketches instead of pairs

    def __init__(self, preset: Preset, head_dims: Sequence[int], n_sets: int) -> None:
        super().__init__()
        self.preset = preset

    def check(self, sets: Sequence[SampleSet]) -> None:
        """Raise TrainingError with the set's name when a set is too small to draw from."""
        for samples in sets:
            if len(samples.samples) < 2:
                count = len(samples.samples)
                raise TrainingError(f"{samples.name} has {count} pair(s) to train on, expected at least 2")

    @abstractmethod
    def draw(self, sets: Sequence[SampleSet], random: np.random.Generator) -> Batch:
        """Draw the next batch.

        All random numbers come from `random`, so that a resumed run draws the same batches.
        """

    @abstractmethod
    def loss(self, distance: Distance, sketches: Tensor, photos: Tensor, batch: Batch) -> Tensor:
        """Compute the loss () of embeddings of the batch's sketches (B,D) and photos (M,D)."""

    def validate(self, distance: Distance, embed: Embed, sets: Sequence[SampleSet]) -> dict[str, float]:
        """Return acc@1 in percent by set: each sketch drawn by a person against the set's photos."""
        return {samples.name: accuracy(distance, embed, samples) for samples in sets}


def accuracy(distance: Distance, embed: Embed, samples: SampleSet) -> float:
    """Return acc@1 in percent: each sketch drawn by a person against all photos of the set."""
    photos = embed([sample.edges[0] for sample in samples.samples])
    sketches = [frame for sample in samples.samples for frame in sample.sketches[: sample.drawn]]
    truth = [i for i, sample in enumerate(samples.samples) for _ in range(sample.drawn)]
    nearest = distance.pairwise(embed(sketches), photos).argmin(1).cpu()
    return 100 * float((nearest == torch.tensor(truth)).float().mean())

"""Category-level pairs, the paper's third stage: any sketch of a category matches any of its photos."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from index_builder.training.config.errors import TrainingError
from index_builder.training.data.samples import SampleSet
from index_builder.training.objectives.base import Batch, Embed
from index_builder.training.objectives.ranking import TripletRanking
from model.network.distances import Distance


class CategoryTriplets(TripletRanking):
    """The paper's ranking loss over photos of other categories; other photos of the same category are ignored."""

    def check(self, sets: Sequence[SampleSet]) -> None:
        """Raise TrainingError when there are fewer than two categories."""
        super().check(sets)
        if len(sets) < 2:
            raise TrainingError(
                f"{sets[0].name} is the only category, expected at least 2: give a --data folder for each"
            )

    def draw(self, sets: Sequence[SampleSet], random: np.random.Generator) -> Batch:
        """Draw from as many distinct categories as the batch can hold, each equally often."""
        order = np.resize(random.permutation(len(sets)), self.preset.batch)
        sketches, photos = [], []
        for samples in (sets[category].samples for category in order.tolist()):
            sketch, photo = (samples[random.integers(len(samples))] for _ in range(2))
            sketches.append(sketch.sketches[random.integers(len(sketch.sketches))])
            photos.append(photo.edges[random.integers(len(photo.edges))])
        own, category_of = torch.arange(len(order)), torch.from_numpy(order)
        return Batch(sketches, photos, own, own, category_of.unsqueeze(1) != category_of)

    def validate(self, distance: Distance, embed: Embed, sets: Sequence[SampleSet]) -> dict[str, float]:
        """Return the percentage of sketches whose nearest photo of all sets is of their category."""
        photos = [(i, sample.edges[0]) for i, samples in enumerate(sets) for sample in samples.samples]
        sketches = [
            (i, frame)
            for i, samples in enumerate(sets)
            for sample in samples.samples
            for frame in sample.sketches[: sample.drawn]
        ]
        if not sketches:
            return {}
        embedded = [embed([frame for _, frame in frames]) for frames in (sketches, photos)]
        nearest = distance.pairwise(*embedded).argmin(1).tolist()
        hits = [photos[n][0] == category for n, (category, _) in zip(nearest, sketches, strict=True)]
        return {"categories": 100 * sum(hits) / len(hits)}

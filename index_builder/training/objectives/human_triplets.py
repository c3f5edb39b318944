"""Human triplets, the paper's fine-tuning stage: which of two photos people found nearer to a sketch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from index_builder.datasets.triplets import Judgement
from index_builder.training.data.samples import LineImage, Sample, SampleSet
from index_builder.training.objectives.base import Batch
from index_builder.training.objectives.ranking import TripletRanking, shares


@dataclass(frozen=True)
class _Anchor:
    """A sketch of the batch, the photo that is to be nearer, and the one that is to be farther: None for all others."""

    sketch: LineImage
    nearer: Sample
    farther: Sample | None


class HumanTriplets(TripletRanking):
    """The paper's ranking loss, on one triplet for each sketch that people judged.

    With probability `hard_ratio` it is one of theirs; else the farther photo is an easy one, which nobody compared with
    others for the sketch: what people found as near as the nearer photo is not farther. A sketch that nobody judged is
    to be nearer to its own photo than to all others.
    """

    def draw(self, sets: Sequence[SampleSet], random: np.random.Generator) -> Batch:
        drawn = [self._anchors(samples, share, random) for samples, share in shares(sets, self.preset.batch, random)]
        anchors = [anchor for part in drawn for anchor in part][: self.preset.batch]
        judged = [i for i, anchor in enumerate(anchors) if anchor.farther is not None]
        photos = [anchor.nearer for anchor in anchors] + [anchor.farther for anchor in anchors if anchor.farther]
        own = torch.arange(len(anchors))
        # identity tells photos apart: ids of different folders may be equal
        farther = torch.tensor([[photo is not anchor.nearer for photo in photos] for anchor in anchors])
        for column, row in enumerate(judged, start=len(anchors)):
            farther[row] = torch.arange(len(photos)) == column
        edges = [photo.edges[random.integers(len(photo.edges))] for photo in photos]
        return Batch([anchor.sketch for anchor in anchors], edges, torch.cat([own, own[judged]]), own, farther)

    def _anchors(self, samples: SampleSet, count: int, random: np.random.Generator) -> list[_Anchor]:
        """Sketches of distinct photos of one set."""
        size = len(samples.samples)
        chosen = random.choice(size, min(count, size), replace=False)
        return [self._anchor(samples, samples.samples[i], random) for i in chosen]

    def _anchor(self, samples: SampleSet, sample: Sample, random: np.random.Generator) -> _Anchor:
        n = int(random.integers(len(sample.sketches)))
        judgement = sample.judgements[n] if sample.judgements else Judgement()
        judged = [
            (samples.by_id[nearer], samples.by_id[farther])
            for nearer, farther in judgement.triplets
            if nearer in samples.by_id and farther in samples.by_id  # others are held out
        ]
        if not judged:
            return _Anchor(sample.sketches[n], sample, None)
        nearer, farther = judged[random.integers(len(judged))]
        if random.random() >= self.preset.hard_ratio:
            known = {sample.photo_id, *judgement.compared}
            easy = [photo for photo in samples.samples if photo.photo_id not in known]
            farther = easy[random.integers(len(easy))] if easy else farther
        return _Anchor(sample.sketches[n], nearer, farther)

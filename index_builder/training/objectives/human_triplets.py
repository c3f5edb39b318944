"""Human triplets, the paper's fine-tuning stage: judgements of which of two photos is nearer to a sketch."""

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
    """A sketch of the batch with its nearer and its farther photo; `farther` is None if all other photos are."""

    sketch: LineImage
    nearer: Sample
    farther: Sample | None


class HumanTriplets(TripletRanking):
    """The paper's ranking loss on one triplet for each judged sketch.

    With probability `hard_ratio` it is one of the human triplets. Otherwise the farther photo is an easy one, not
    compared with others for this sketch, since compared photos may be as near. A sketch without judgements should be
    nearer to its own photo than to all others.
    """

    def draw(self, sets: Sequence[SampleSet], random: np.random.Generator) -> Batch:
        """Draw sketches of distinct photos, with one triplet for each judged sketch."""
        drawn = [
            self._draw_anchors(samples, share, random) for samples, share in shares(sets, self.preset.batch, random)
        ]
        anchors = [anchor for part in drawn for anchor in part][: self.preset.batch]
        judged = [i for i, anchor in enumerate(anchors) if anchor.farther is not None]
        photos = [anchor.nearer for anchor in anchors] + [anchor.farther for anchor in anchors if anchor.farther]
        own = torch.arange(len(anchors))
        # compared by identity, since ids of different folders may be equal
        farther = torch.tensor([[photo is not anchor.nearer for photo in photos] for anchor in anchors])
        for column, row in enumerate(judged, start=len(anchors)):
            farther[row] = torch.arange(len(photos)) == column
        edges = [photo.edges[random.integers(len(photo.edges))] for photo in photos]
        return Batch([anchor.sketch for anchor in anchors], edges, torch.cat([own, own[judged]]), own, farther)

    def _draw_anchors(self, samples: SampleSet, count: int, random: np.random.Generator) -> list[_Anchor]:
        """Draw anchors of distinct photos of one set."""
        size = len(samples.samples)
        chosen = random.choice(size, min(count, size), replace=False)
        return [self._draw_anchor(samples, samples.samples[i], random) for i in chosen]

    def _draw_anchor(self, samples: SampleSet, sample: Sample, random: np.random.Generator) -> _Anchor:
        """Draw a sketch of the sample, and one of its triplets if it was judged."""
        n = int(random.integers(len(sample.sketches)))
        judgement = sample.judgements[n] if sample.judgements else Judgement()
        judged = [
            (samples.by_id[nearer], samples.by_id[farther])
            for nearer, farther in judgement.triplets
            if nearer in samples.by_id and farther in samples.by_id  # photos outside of the set are held out
        ]
        if not judged:
            return _Anchor(sample.sketches[n], sample, None)
        nearer, farther = judged[random.integers(len(judged))]
        if random.random() >= self.preset.hard_ratio:
            known = {sample.photo_id, *judgement.compared}
            easy = [photo for photo in samples.samples if photo.photo_id not in known]
            farther = easy[random.integers(len(easy))] if easy else farther
        return _Anchor(sample.sketches[n], nearer, farther)

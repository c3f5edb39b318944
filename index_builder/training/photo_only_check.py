"""Check of a training on photos alone: whether the network now ranks a shop's photos better.

It is used where the shop has no sketches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from index_builder.training.data.augment import augment
from index_builder.training.data.samples import LineImage, SampleSet, to_input, to_pieces
from index_builder.training.ranks.ranks import Ranks
from model.network.dssa import DSSA, embed_in_chunks

_K = 10
_CHUNK = 64  # queries whose distances to all photos are in memory at once


@dataclass(frozen=True)
class Comparison:
    """acc@10 in percent before and after training, of queries that replace sketches of held-out photos."""

    before: float
    after: float
    n_queries: int
    n_gallery: int

    @property
    def improved(self) -> bool:
        """Whether training improved acc@10."""
        return self.after > self.before

    def as_json(self) -> dict[str, Any]:
        """Return both figures, the numbers of queries and photos, and the verdict."""
        figures = {"before": round(self.before, 2), "after": round(self.after, 2)}
        counts = {"n_queries": self.n_queries, "n_gallery": self.n_gallery}
        return {f"acc@{_K}": figures, **counts, "improved": self.improved}

    def __str__(self) -> str:
        figures = f"{self.before:.1f} before, {self.after:.1f} after"
        return f"acc@{_K} on held-out photos: {figures} ({self.n_queries} queries, {self.n_gallery} photos)"


def compare_on_held_out_photos(
    before: DSSA, after: DSSA, seen: Sequence[SampleSet], held_out: Sequence[SampleSet]
) -> Comparison | None:
    """Search all photos' normal edge maps with the held-out photos' other edge styles.

    The queries are distorted in the same way for both networks. Both run in eval mode, each on its own device. Returns
    None when no photo is held out.
    """
    queries = [
        (row, style)
        for row, sample in enumerate(sample for samples in held_out for sample in samples.samples)
        for style in sample.sketches
    ]
    if not queries:
        return None
    gallery = [sample.edges[0] for samples in (*held_out, *seen) for sample in samples.samples]
    truth = torch.tensor([row for row, _ in queries])
    accuracies = [
        _measure_accuracy(network, [style for _, style in queries], truth, gallery) for network in (before, after)
    ]
    return Comparison(accuracies[0], accuracies[1], len(queries), len(gallery))


@torch.inference_mode()
def _measure_accuracy(
    network: DSSA, queries: Sequence[LineImage], truth: Tensor, gallery: Sequence[LineImage]
) -> float:
    """Measure acc@10 in percent; `truth` (Q,) has the gallery row of each query."""
    network.eval()
    photos = embed_in_chunks(network, gallery, to_input)
    with torch.random.fork_rng(devices=[]):  # so that every call has the same distortions
        torch.manual_seed(0)
        sketches = embed_in_chunks(network, queries, _distort)
    ranks = []
    for chunk, true_rows in zip(torch.split(sketches, _CHUNK), torch.split(truth, _CHUNK), strict=True):
        distances = network.distance.pairwise(chunk, photos).cpu()
        own_distances = distances.gather(1, true_rows.unsqueeze(1))
        # equal distances and NaN must not count as hits
        ranks.append((~(distances > own_distances)).sum(1))
    return 100 * float((torch.cat(ranks) <= _K).float().mean())


def _distort(frames: Sequence[LineImage]) -> Tensor:
    """Distort frames as in training, by torch's own random state, without mirroring: (n,1,S,S)."""
    never = torch.zeros(len(frames), dtype=torch.bool)
    return augment(to_input(frames), to_pieces(frames), never, Ranks().share(len(frames)))

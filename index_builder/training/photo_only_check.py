"""Whether training on a shop's photos made a network better at finding them, where nobody has sketched any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from index_builder.training.data.augment import augment
from index_builder.training.data.samples import LineImage, SampleSet, to_input, to_pieces
from model.network.dssa import DSSA, embed_in_chunks

_K = 10
_CHUNK = 64  # queries whose distances to all photos are in memory at once


@dataclass(frozen=True)
class Comparison:
    """acc@10 in percent before and after training, of queries that stand in for sketches of held-out photos."""

    before: float
    after: float
    n_queries: int
    n_gallery: int

    @property
    def improved(self) -> bool:
        return self.after > self.before

    def as_json(self) -> dict[str, Any]:
        """Both figures, what they were measured on, and the verdict."""
        figures = {"before": round(self.before, 2), "after": round(self.after, 2)}
        counts = {"n_queries": self.n_queries, "n_gallery": self.n_gallery}
        return {f"acc@{_K}": figures, **counts, "improved": self.improved}

    def __str__(self) -> str:
        figures = f"{self.before:.1f} before, {self.after:.1f} after"
        return f"acc@{_K} on held-out photos: {figures} ({self.n_queries} queries, {self.n_gallery} photos)"


def compare_on_held_out_photos(
    before: DSSA, after: DSSA, seen: Sequence[SampleSet], held_out: Sequence[SampleSet]
) -> Comparison | None:
    """Search all photos' normal edge maps with the held-out photos' other edge styles, distorted always alike.

    Both networks are used in eval mode, each on the device where it is. None when no photo is held out.
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
    found = [_acc_at_k(network, [style for _, style in queries], truth, gallery) for network in (before, after)]
    return Comparison(found[0], found[1], len(queries), len(gallery))


@torch.inference_mode()
def _acc_at_k(network: DSSA, queries: Sequence[LineImage], truth: Tensor, gallery: Sequence[LineImage]) -> float:
    network.eval()
    photos = embed_in_chunks(network, gallery, to_input)
    with torch.random.fork_rng(devices=[]):  # the same distortions on every call
        torch.manual_seed(0)
        sketches = embed_in_chunks(network, queries, _distorted)
    ranks = []
    for some, theirs in zip(torch.split(sketches, _CHUNK), torch.split(truth, _CHUNK), strict=True):
        distances = network.distance.pairwise(some, photos).cpu()
        own = distances.gather(1, theirs.unsqueeze(1))
        # a network to which all photos look alike, or that ran off to NaN, must not count as right
        ranks.append((~(distances > own)).sum(1))
    return 100 * float((torch.cat(ranks) <= _K).float().mean())


def _distorted(frames: Sequence[LineImage]) -> Tensor:
    """(n,1,S,S): frames distorted as in training, by torch's own chance; none is mirrored."""
    return augment(to_input(frames), to_pieces(frames), torch.zeros(len(frames), dtype=torch.bool))

"""A gallery searched in two stages as a server does: candidates from an index, then the exact distances to them."""

from __future__ import annotations

import time

import numpy as np
import torch

from app.core.arrays import Embeddings, Rows
from app.index.index_spec import IndexSpec
from app.index.mmap_prefetch import gather_rows
from app.index.segment import Segment
from index_builder.gallery.tuning.trials import NEAREST
from model.network.distances import Distance


class TwoStages:
    """Embeddings (N,D) behind an index; `seconds` is how long processors took to build that."""

    def __init__(self, distance: Distance, embeddings: Embeddings, recipe: IndexSpec, n_candidates: int) -> None:
        rows = np.arange(len(embeddings), dtype=np.int64)
        started = time.process_time()
        self.segment = Segment.build(distance, embeddings, rows, recipe)
        self.seconds = time.process_time() - started
        self._live, self._n = np.ones(len(rows), bool), n_candidates

    def search(self, sketch: torch.Tensor) -> Rows:
        """(10,) rows of the photos nearest to a sketch (1,D)."""
        distance = self.segment.distance
        rows = self.segment.nearest(distance.query(sketch).numpy(), self._n, self._live)[1][0]
        distances = distance.pairwise(sketch, torch.from_numpy(gather_rows(self.segment.embeddings, rows)))[0]
        best: Rows = rows[np.argsort(distances.numpy(), kind="stable")[:NEAREST]]
        return best

    def recall(self, sketches: torch.Tensor, truth: Rows) -> float:
        """The share of the true nearest (B,10) that is found of sketches (B,D)."""
        found = [self.search(sketch[None]) for sketch in sketches]
        return float(np.mean([np.isin(a, b).mean() for a, b in zip(truth, found, strict=True)]))

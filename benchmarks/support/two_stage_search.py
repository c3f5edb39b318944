"""Search in two stages, like in the server: candidates from an index, then exact distances."""

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
    """Embeddings (N,D) with an index; `seconds` is the processor time of its build."""

    def __init__(self, distance: Distance, embeddings: Embeddings, index_spec: IndexSpec, n_candidates: int) -> None:
        rows = np.arange(len(embeddings), dtype=np.int64)
        started = time.process_time()
        self.segment = Segment.build(distance, embeddings, rows, index_spec)
        self.seconds = time.process_time() - started
        self._live, self._n = np.ones(len(rows), bool), n_candidates

    def search(self, sketch: torch.Tensor) -> Rows:
        """Find the rows (10,) of the photos nearest to a sketch (1,D)."""
        distance = self.segment.distance
        rows = self.segment.nearest(distance.query(sketch).numpy(), self._n, self._live)[1][0]
        distances = distance.pairwise(sketch, torch.from_numpy(gather_rows(self.segment.embeddings, rows)))[0]
        best: Rows = rows[np.argsort(distances.numpy(), kind="stable")[:NEAREST]]
        return best

    def recall(self, sketches: torch.Tensor, truth: Rows) -> float:
        """Measure the share of the true nearest (B,10) that a search finds for sketches (B,D)."""
        results = [self.search(sketch[None]) for sketch in sketches]
        return float(np.mean([np.isin(a, b).mean() for a, b in zip(truth, results, strict=True)]))

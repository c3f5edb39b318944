"""hnswlib: the library of the authors of HNSW."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, ClassVar

import numpy as np

from app.core.arrays import Embeddings, Keys, Rows
from app.index.segment import batches
from benchmarks.search.peers.peer import CANDIDATES, LINKS, WIDTHS, Setting, VectorPeer

_MORE = 100  # vectors that may be added after the build: hnswlib allocates memory for a fixed number


class HnswlibGraph(VectorPeer):
    """A graph of all vectors."""

    name: ClassVar[str] = "hnswlib"
    packages: ClassVar[tuple[str, ...]] = ("hnswlib",)
    _index: Any

    @property
    def settings(self) -> Sequence[Sequence[Setting]]:
        """Candidates that a search keeps on its way."""
        return [[{"ef": width} for width in WIDTHS]]

    def build(self, embeddings: Embeddings) -> None:
        """Index embeddings (N,D)."""
        self._index = import_module("hnswlib").Index(space="l2", dim=self.form.dim)
        self._index.init_index(max_elements=len(embeddings) + _MORE, ef_construction=CANDIDATES, M=LINKS)
        for rows in batches(np.arange(len(embeddings))):
            self._index.add_items(self.form.encode_keys(embeddings[rows]), rows, num_threads=1)

    def apply(self, setting: Setting) -> None:
        """Use a number of candidates."""
        self._index.set_ef(setting["ef"])

    def find(self, vector: Keys, n: int) -> Rows:
        """Find the rows (n,) nearest to a vector (1,Q)."""
        return np.asarray(self._index.knn_query(vector, k=n, num_threads=1)[0][0], np.int64)

    def insert(self, embedding: Embeddings, row: int) -> None:
        """Add an embedding (1,D) as a row."""
        self._index.add_items(self.form.encode_keys(embedding), np.array([row]), num_threads=1)

    def write(self) -> None:
        """Write the index."""
        self._index.save_index(str(self.folder / "index.hnswlib"))

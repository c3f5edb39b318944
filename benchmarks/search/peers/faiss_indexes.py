"""FAISS by itself: exact, as a graph, and as an inverted file whose candidates are re-ranked by full vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import faiss
import numpy as np

from app.core.arrays import Embeddings, Keys, Rows
from app.index.index_spec import make_index
from app.index.segment import batches
from benchmarks.search.peers import sketchfind
from benchmarks.search.peers.peer import CANDIDATES, LINKS, WIDTHS, Setting, VectorPeer
from benchmarks.search.peers.sketchfind import inverted_settings, tuned_spec
from index_builder.gallery.tuning.trials import NEAREST

_faiss: Any = faiss  # its annotations come from C++ and are wrong


class FaissFlat(VectorPeer):
    """All vectors, scanned by inner product."""

    name: ClassVar[str] = "FAISS Flat"
    factory: ClassVar[str] = "Flat"
    _index: Any

    def build(self, embeddings: Embeddings) -> None:
        """Index embeddings (N,D)."""
        self._index = self._make(len(embeddings))
        if not self._index.is_trained:  # embeddings are in no order
            training = tuned_spec(self.distance, len(embeddings)).training
            self._index.train(self.form.encode_keys(embeddings[:training]))
        for rows in batches(np.arange(len(embeddings))):
            self._index.add(self.form.encode_keys(embeddings[rows]))

    def apply(self, setting: Setting) -> None:
        """Use FAISS's search parameters of these names."""
        for name, value in setting.items():
            _faiss.ParameterSpace().set_index_parameter(self._index, name, value)

    def find(self, vector: Keys, n: int) -> Rows:
        """Find the rows (n,) nearest to a vector (1,Q)."""
        return np.asarray(self._index.search(vector, n)[1][0])

    def insert(self, embedding: Embeddings, row: int) -> None:
        """Add an embedding (1,D); the row is always the next one."""
        self._index.add(self.form.encode_keys(embedding))

    def write(self) -> None:
        """Write the index."""
        _faiss.write_index(self._index, str(self.folder / "index.faiss"))

    def _make(self, photos: int) -> Any:
        return make_index(self.form.dim, self.factory, self.form.metric)


class FaissGraph(FaissFlat):
    """A graph of all vectors."""

    name: ClassVar[str] = "FAISS HNSW"
    factory: ClassVar[str] = f"HNSW{LINKS}"

    @property
    def settings(self) -> Sequence[Sequence[Setting]]:
        """Candidates that a search keeps on its way."""
        return [[{"efSearch": width} for width in WIDTHS]]

    def _make(self, photos: int) -> Any:
        index = super()._make(photos)
        index.hnsw.efConstruction = CANDIDATES
        return index


class FaissInvertedFile(FaissFlat):
    """The index of `sketchfind tune`, with all vectors in memory for the re-ranking."""

    name: ClassVar[str] = "FAISS IVF-PQ, re-ranked"
    factory: ClassVar[str] = "IVF1,SQ8"  # by which the form is chosen

    @property
    def settings(self) -> Sequence[Sequence[Setting]]:
        """Numbers of lists that are searched, with factors of the results for numbers of candidates."""
        counts = {candidates: candidates // NEAREST for candidates in sketchfind.CANDIDATES}
        return inverted_settings(self._index.base_index, "k_factor_rf", counts)

    def _make(self, photos: int) -> Any:
        return make_index(self.form.dim, f"{tuned_spec(self.distance, photos).factory},RFlat", self.form.metric)

"""USearch: a graph whose vectors are rounded to half of their bytes."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, ClassVar

import numpy as np

from app.core.arrays import Embeddings, Keys, Rows
from app.index.segment import batches
from benchmarks.search.peers.peer import CANDIDATES, LINKS, WIDTHS, Setting, VectorPeer


class UsearchGraph(VectorPeer):
    """A graph of all vectors, in float16."""

    name: ClassVar[str] = "USearch, float16"
    packages: ClassVar[tuple[str, ...]] = ("usearch",)
    _index: Any

    @property
    def settings(self) -> Sequence[Sequence[Setting]]:
        """Candidates that a search keeps on its way."""
        return [[{"expansion_search": width} for width in WIDTHS]]

    def build(self, embeddings: Embeddings) -> None:
        """Index embeddings (N,D)."""
        self._index = import_module("usearch.index").Index(
            ndim=self.form.dim,
            metric="l2sq",
            dtype="f16",
            connectivity=LINKS,
            expansion_add=CANDIDATES,
        )
        for rows in batches(np.arange(len(embeddings))):
            self._index.add(rows, self.form.encode_keys(embeddings[rows]), threads=1)

    def apply(self, setting: Setting) -> None:
        """Use a number of candidates."""
        self._index.expansion_search = setting["expansion_search"]

    def find(self, vector: Keys, n: int) -> Rows:
        """Find the rows (n,) nearest to a vector (1,Q)."""
        return np.asarray(self._index.search(vector[0], n, threads=1).keys, np.int64)

    def insert(self, embedding: Embeddings, row: int) -> None:
        """Add an embedding (1,D) as a row."""
        self._index.add(row, self.form.encode_keys(embedding)[0], threads=1)

    def write(self) -> None:
        """Write the index."""
        self._index.save(str(self.folder / "index.usearch"))

"""Milvus Lite: a vector database in this process, with a FAISS graph for each 100,000 vectors or fewer."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from app.core.arrays import Embeddings, Keys, Rows
from benchmarks.search.peers.peer import CANDIDATES, LINKS, WIDTHS, Setting, VectorPeer
from model.network.distances import Distance

_COLLECTION, _VECTOR, _ID = "photos", "vector", "id"
_BATCH = 4096  # vectors of an insert: a request has at most 64 MiB


class MilvusLite(VectorPeer):
    """A collection of a database in `folder`."""

    name: ClassVar[str] = "Milvus Lite, HNSW"
    packages: ClassVar[tuple[str, ...]] = ("pymilvus", "milvus_lite")

    def __init__(self, distance: Distance, folder: Path) -> None:
        super().__init__(distance, folder)
        self._client: Any = None
        self._setting: Setting = {"ef": WIDTHS[0]}

    @property
    def settings(self) -> Sequence[Sequence[Setting]]:
        """Candidates that a search of a segment keeps on its way."""
        return [[{"ef": width} for width in WIDTHS]]

    def build(self, embeddings: Embeddings) -> None:
        """Insert embeddings (N,D) and index them."""
        library = import_module("pymilvus")
        self._client = library.MilvusClient(str(self.folder / "milvus.db"))
        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field(_ID, library.DataType.INT64, is_primary=True)
        schema.add_field(_VECTOR, library.DataType.FLOAT_VECTOR, dim=self.form.dim)
        index = self._client.prepare_index_params()
        parameters = {"M": LINKS, "efConstruction": CANDIDATES}
        index.add_index(field_name=_VECTOR, index_type="HNSW", metric_type="L2", params=parameters)
        self._client.create_collection(_COLLECTION, schema=schema, index_params=index)
        for start in range(0, len(embeddings), _BATCH):
            self._insert(embeddings[start : start + _BATCH], start)
        self._client.flush(_COLLECTION)
        self._client.load_collection(_COLLECTION)

    def apply(self, setting: Setting) -> None:
        """Use a number of candidates."""
        self._setting = setting

    def find(self, vector: Keys, n: int) -> Rows:
        """Find the rows (n,) nearest to a vector (1,Q)."""
        parameters = {"params": dict(self._setting)}
        hits = self._client.search(_COLLECTION, data=list(vector), limit=n, search_params=parameters)[0]
        return np.array([hit[_ID] for hit in hits], np.int64)

    def insert(self, embedding: Embeddings, row: int) -> None:
        """Add an embedding (1,D) as a row."""
        self._insert(embedding, row)

    def close(self) -> None:
        """Close the client, and with it the database."""
        if self._client:
            self._client.close()

    def _insert(self, embeddings: Embeddings, start: int) -> None:
        vectors = self.form.encode_keys(embeddings)
        rows = [{_ID: start + place, _VECTOR: vector} for place, vector in enumerate(vectors)]
        self._client.insert(_COLLECTION, rows)

"""Check of a gallery's collection in Milvus against its catalogue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.catalogue.catalogue import Catalogue
from app.core.arrays import Keys
from app.database.state import CatalogueState
from app.gallery.milvus_index.collection_schema import SIDES
from app.gallery.milvus_index.milvus_address import MilvusAddress
from app.gallery.milvus_index.milvus_collection import MilvusCollection, MilvusError, revisions_at
from app.index.metric_forms import keys_of
from app.products.filters import Filters
from index_builder.gallery.verify.findings import Findings
from index_builder.gallery.verify.rows import CheckedRows
from model.network.distances import Distance


class CollectionCheck:
    """Comparison of a collection with products as they are read. One that cannot be used is reported at the start."""

    def __init__(
        self,
        address: MilvusAddress,
        catalogue: Catalogue,
        distance: Distance,
        state: CatalogueState,
        findings: Findings,
    ) -> None:
        self._catalogue, self._distance, self._findings = catalogue, distance, findings
        self._sides = SIDES[: 1 + state.is_mirrored]
        self._different: dict[int, tuple[str, str]] = {}  # ids and messages, by revision
        self._count = 0
        self._collection: MilvusCollection | None = None
        try:
            collection = MilvusCollection(address, state, distance.search_dim)
            if not collection.exists():
                message = f"there is no collection {collection.name} in Milvus; the next start fills it"
                findings.add_note("index", message)
                return
            collection.open()
            self._completed, self._collection = collection.read_completed(), collection
        except MilvusError as error:
            findings.add_problem("index", str(error))

    def check(self, products: Sequence[CheckedRows]) -> None:
        """Compare the keys of the products for which the collection should be complete."""
        if self._collection is None:
            return
        covered = [product for product in products if product.revision <= self._completed]
        try:
            rows = self._collection.rows_of_revisions(np.array([product.revision for product in covered], np.int64))
            keys = np.stack([self._collection.keys(rows, side) for side in self._sides], axis=1)  # (N,sides,D+1)
        except MilvusError as error:
            self._findings.add_problem("index", str(error))
            self._collection = None
            return
        self._count += len(rows)
        for product in covered:
            if product.embeddings is not None:
                self._compare(product, keys[revisions_at(rows) == product.revision])

    def finish(self) -> None:
        """Report the products that differ, unless they have changed meanwhile, and photos of no product."""
        if self._collection is None:
            return
        with self._catalogue.view() as view:
            live = set(view.matching(Filters(), np.array(list(self._different), np.int64)).tolist())
        for revision, (product_id, message) in self._different.items():
            if revision in live:
                self._findings.add_problem(f"product {product_id}", message)
        if (others := self._collection.count() - self._count) > 0:
            message = f"Milvus has {others} photos of products that have changed; the next start removes them"
            self._findings.add_note("index", message)
        self._collection.close()

    def _compare(self, product: CheckedRows, keys: Keys) -> None:
        """Compare the stored keys (P,sides,D+1) of a product with its embeddings."""
        embeddings = np.split(np.asarray(product.embeddings), len(self._sides), axis=1)
        expected = np.stack([keys_of(self._distance, side) for side in embeddings], axis=1)
        if len(keys) != len(expected):
            message = f"Milvus has {len(keys)} photos of it: expected {len(expected)}"
            self._different[product.revision] = product.product_id, message
        elif not np.array_equal(keys[..., :-1], expected[..., :-1]):
            message = "Milvus has another embedding of it: expected the catalogue's"
            self._different[product.revision] = product.product_id, message

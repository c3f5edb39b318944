"""Check of a gallery's collection in Milvus against its catalogue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.catalogue.catalogue import Catalogue
from app.core.arrays import Keys, Rows
from app.database.state import CatalogueState
from app.gallery.milvus_index.collection_schema import SIDES
from app.gallery.milvus_index.milvus_address import MilvusAddress
from app.gallery.milvus_index.milvus_collection import MilvusCollection, MilvusError, ReplacedError
from app.gallery.milvus_index.row_numbers import revisions_at
from app.index.metric_forms import keys_of
from app.products.filters import Filters
from index_builder.gallery.verify.findings import Findings
from index_builder.gallery.verify.rows import CheckedRows
from model.network.distances import Distance

_ATTEMPTS = 3  # to read products that are replaced meanwhile


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
        self._count = self._completed = 0
        self._collection: MilvusCollection | None = None
        try:
            self._open(address, state)
        except MilvusError as error:
            self._report(error)

    def _open(self, address: MilvusAddress, state: CatalogueState) -> None:
        collection = MilvusCollection(address, state, self._distance.search_dim)
        if not collection.exists():
            message = f"there is no collection {collection.name} in Milvus; the next start fills it"
            self._findings.add_note("index", message)
            return
        collection.load()
        self._completed, is_filling = collection.read_marker()
        self._collection = collection
        if is_filling or self._completed < state.revision:
            message = f"Milvus has the changes up to {self._completed} of {state.revision}; servers write the others"
            self._findings.add_note("index", message)

    def check(self, products: Sequence[CheckedRows]) -> None:
        """Compare the keys of the products for which the collection should be complete."""
        covered = [product for product in products if product.revision <= self._completed]
        for _ in range(_ATTEMPTS):
            if self._collection is None:
                return
            try:
                rows, keys = self._read(self._collection, [product.revision for product in covered])
                break
            except ReplacedError:
                continue
            except MilvusError as error:
                self._report(error)
        else:
            self._different |= {p.revision: (p.product_id, "it could not be read from Milvus") for p in covered}
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
        try:
            others = self._collection.count(self._completed) - self._count
        except MilvusError as error:
            self._report(error)
            return
        if others > 0:
            message = f"Milvus has {others} photos of products that have changed; servers remove them"
            self._findings.add_note("index", message)
        self._collection.close()

    def _read(self, collection: MilvusCollection, revisions: Sequence[int]) -> tuple[Rows, Keys]:
        """Read the rows (N,) of products, and their keys (N,sides,D+1)."""
        rows = collection.rows_of_revisions(np.array(revisions, np.int64), wait=True)
        return rows, np.stack([collection.keys(rows, side, wait=True) for side in self._sides], axis=1)

    def _report(self, error: MilvusError) -> None:
        """Report an error that ends the check."""
        self._findings.add_problem("index", str(error))
        if self._collection is not None:
            self._collection.close()
            self._collection = None

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

"""Check of a gallery's saved index against its catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from app.database.state import CatalogueState
from app.gallery.layout import INDEX
from app.gallery.local_index.index_manifest import UnusableIndexError, manifest_text
from app.gallery.local_index.index_store import OutdatedIndexError, load_index
from app.index.part import Part
from app.index.segment import Segment
from index_builder.gallery.verify.findings import Findings
from index_builder.gallery.verify.rows import CheckedRows
from model.network.distances import Distance

_ATTEMPTS = 3  # to read files that a server may be replacing
_SAMPLE = 32  # rows used as queries
_NEAREST = 10
_AGREE = 1e-3  # tolerance of inner products, as a share of the largest, as summation order differs
_RECALL = 0.1  # least recall of a compressed index that is not damaged


class IndexCheck:
    """Comparison of the saved index with products as they are read. An unusable index is reported at the start."""

    def __init__(self, directory: Path, distance: Distance, state: CatalogueState, findings: Findings) -> None:
        self._findings, self._distance, self._flat = findings, distance, state.factory == "Flat"
        self._whole, self.revision = _load(directory / INDEX, distance, state, findings)

    def check(self, products: Sequence[CheckedRows]) -> None:
        """Check that the index has the embeddings of products that its revision covers."""
        if self._whole is None:
            return
        for product in products:
            if product.revision > self.revision or product.embeddings is None:
                continue  # newer than the index, or without usable embeddings
            rows = self._whole.segment.rows_of(np.array([product.revision], np.int64))
            indexed = np.concatenate([side.embeddings[rows] for side in self._whole.segments], axis=1)  # (P,W)
            if len(indexed) != len(product.embeddings):
                message = f"the index has {len(indexed)} photos of it: expected {len(product.embeddings)}"
                self._findings.add_problem(f"product {product.product_id}", message)
            elif not np.array_equal(indexed, product.embeddings):
                message = "the index has another embedding of it: expected the catalogue's"
                self._findings.add_problem(f"product {product.product_id}", message)

    def finish(self) -> None:
        """Check that searches for a sample of the rows agree with an exact scan."""
        for segment in self._whole.segments if self._whole else ():
            if len(segment):
                self._check_searches(segment)

    def _check_searches(self, segment: Segment) -> None:
        rows = np.unique(np.linspace(0, len(segment) - 1, _SAMPLE).astype(np.int64))
        with torch.inference_mode():
            queries = self._distance.query(torch.from_numpy(np.array(segment.embeddings[rows]))).numpy()
        n = min(_NEAREST, len(segment))
        exact_products, exact_rows = segment.scan(queries, n, np.arange(len(segment)))
        products, rows_found = segment.search(queries, n)
        if self._flat and not np.allclose(products, exact_products, atol=_AGREE * np.abs(exact_products).max()):
            worst = int(np.abs(products - exact_products).max(1).argmax())
            message = f"a search for row {rows[worst]} finds inner products {products[worst][:3]}: expected"
            self._findings.add_problem("index", f"{message} {exact_products[worst][:3]}")
        recall = np.mean([len(np.intersect1d(a, b)) / n for a, b in zip(rows_found, exact_rows, strict=True)])
        if recall < _RECALL:
            message = f"searches find {recall:.0%} of the {n} nearest: expected more than {_RECALL:.0%}"
            self._findings.add_problem("index", message)


def _load(folder: Path, distance: Distance, state: CatalogueState, findings: Findings) -> tuple[Part | None, int]:
    """Load the saved index and its revision. Returns None and -1, and records why, if it cannot be used."""
    for attempt in range(1, _ATTEMPTS + 1):
        before = _read_manifest(folder)
        try:
            return load_index(folder, distance, state)
        except OutdatedIndexError as reason:
            findings.add_note("index", f"{reason}; the next start builds it again")
            break
        except UnusableIndexError as reason:
            if before is None:
                findings.add_note("index", "there is none; the next start builds it")
                break
            if _read_manifest(folder) == before or attempt == _ATTEMPTS:
                findings.add_problem("index", f"{reason}; the next start builds it again")
                break
    return None, -1


def _read_manifest(folder: Path) -> bytes | None:
    """Read the manifest's text. Returns None if there is no manifest, and an empty text if it cannot be read."""
    try:
        return manifest_text(folder)
    except FileNotFoundError:
        return None
    except OSError:
        return b""

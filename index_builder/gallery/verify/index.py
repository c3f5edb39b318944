"""Whether a gallery's saved index is what its catalogue gives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from app.database.state import CatalogueState
from app.gallery.index_manifest import UnusableIndexError, manifest_text
from app.gallery.index_store import OutdatedIndexError, load_index
from app.gallery.layout import INDEX
from app.index.segment import Segment
from index_builder.gallery.verify.findings import Findings
from index_builder.gallery.verify.rows import CheckedRows
from model.network.distances import Distance

_ATTEMPTS = 3  # to read files that a server is just writing anew
_SAMPLE = 32  # rows that are searched for
_NEAREST = 10
_AGREE = 1e-3  # how far inner products may differ, of the largest: another order of summing
_RECALL = 0.1  # of a compressed index: less is no approximation


class IndexCheck:
    """Compares the saved index with products as they are read; with none that can be used, it has said so."""

    def __init__(self, directory: Path, distance: Distance, state: CatalogueState, findings: Findings) -> None:
        self._findings, self._distance, self._flat = findings, distance, state.factory == "Flat"
        self._segment, self.revision = _load(directory / INDEX, distance, state, findings)

    def check(self, products: Sequence[CheckedRows]) -> None:
        """Check that the index has the products that it should, with their embeddings."""
        if self._segment is None:
            return
        for one in products:
            if one.revision > self.revision or one.embeddings is None:
                continue  # it is replayed; or there is nothing to compare with
            held = self._segment.embeddings[self._segment.rows_of(np.array([one.revision], np.int64))]
            if len(held) != len(one.embeddings):
                message = f"the index has {len(held)} photos of it: expected {len(one.embeddings)}"
                self._findings.problem(f"product {one.product_id}", message)
            elif not np.array_equal(held, one.embeddings):
                message = "the index has another embedding of it: expected the catalogue's"
                self._findings.problem(f"product {one.product_id}", message)

    def finish(self) -> None:
        """Search for some of the rows, by the index and by going through all."""
        segment = self._segment
        if segment is None or not len(segment):
            return
        rows = np.unique(np.linspace(0, len(segment) - 1, _SAMPLE).astype(np.int64))
        with torch.inference_mode():
            queries = self._distance.query(torch.from_numpy(np.array(segment.embeddings[rows]))).numpy()
        n = min(_NEAREST, len(segment))
        exact, places = segment.scan(queries, n, np.arange(len(segment)))
        found, at = segment.search(queries, n)
        if self._flat and not np.allclose(found, exact, atol=_AGREE * np.abs(exact).max()):
            worst = int(np.abs(found - exact).max(1).argmax())
            message = f"a search for row {rows[worst]} finds inner products {found[worst][:3]}: expected"
            self._findings.problem("index", f"{message} {exact[worst][:3]}")
        recall = np.mean([len(np.intersect1d(a, b)) / n for a, b in zip(at, places, strict=True)])
        if recall < _RECALL:
            message = f"searches find {recall:.0%} of the {n} nearest: expected more than {_RECALL:.0%}"
            self._findings.problem("index", message)


def _load(folder: Path, distance: Distance, state: CatalogueState, findings: Findings) -> tuple[Segment | None, int]:
    """The saved index and its revision; None, and why, if there is none that can be used."""
    for attempt in range(1, _ATTEMPTS + 1):
        before = _manifest(folder)
        try:
            return load_index(folder, distance, state)
        except OutdatedIndexError as reason:
            findings.note("index", f"{reason}; the next start makes it anew")
            break
        except UnusableIndexError as reason:
            if before is None:
                findings.note("index", "there is none; the next start makes it")
                break
            if _manifest(folder) == before or attempt == _ATTEMPTS:
                findings.problem("index", f"{reason}; the next start makes it anew")
                break
    return None, -1


def _manifest(folder: Path) -> bytes | None:
    """The manifest's text; None when there is none, and an empty one when it cannot be read."""
    try:
        return manifest_text(folder)
    except FileNotFoundError:
        return None
    except OSError:
        return b""

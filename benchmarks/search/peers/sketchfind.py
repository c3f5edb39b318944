"""This project's own search, as a server does it: candidates from an index in files, then exact distances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from app.core.arrays import Embeddings, Rows
from app.gallery.local_index.index_store import open_faiss, save_faiss
from app.index.index_spec import DEFAULT_CANDIDATES, IndexSpec, Tuning, inverted_file, set_width
from app.index.part import Part, add
from app.index.segment import Segment
from app.index.snapshot import Snapshot
from benchmarks.search.peers.peer import LINKS, WIDTHS, Peer, Setting
from index_builder.gallery.tuning.trials import NEAREST
from index_builder.gallery.tuning.tune import factories_for
from model.inference.exact_distances import ExactDistances
from model.network.distances import Distance

_FILE = "index.faiss"
CANDIDATES = (DEFAULT_CANDIDATES, 4 * DEFAULT_CANDIDATES)  # that an inverted file re-ranks

_SPARE = 4  # rows in the lists that are searched, per candidate
_LISTED = 64  # photos per list that it is trained on, as by `sketchfind tune`


class ExactScan(Peer):
    """The Flat index. Revisions are rows.

    Where a rounded copy is faster, a server reads that, and the index counts as memory all the same.
    """

    name: ClassVar[str] = "Sketchfind, Flat"
    reads_embeddings: ClassVar[bool] = True
    reads_mapped_files: ClassVar[bool] = True
    _snapshot: Snapshot

    def __init__(self, distance: Distance, folder: Path) -> None:
        super().__init__(distance, folder)
        self._candidates = DEFAULT_CANDIDATES
        self._exact = ExactDistances(distance, torch.device("cpu"))

    def build(self, embeddings: Embeddings) -> None:
        """Index embeddings (N,D), and map the index from its file."""
        rows = np.arange(len(embeddings), dtype=np.int64)
        built = Segment.build(self.distance, embeddings, rows, self._spec(len(embeddings)))
        save_faiss(self.folder / _FILE, built.index)
        segment = Segment(embeddings, rows, open_faiss(self.folder / _FILE), self.distance)
        segment.make_ready()
        self._snapshot = Snapshot(0, (Part.whole(segment),))

    def search(self, sketch: torch.Tensor) -> Rows:
        """Find the rows (10,) nearest to a sketch (1,D)."""
        with torch.inference_mode():
            terms = self._exact.terms_of(sketch)
            rows = self._snapshot.candidates(terms.queries.float().numpy(), self._candidates)[0]
            rows = rows[rows >= 0]
            distances = self._exact.to_photos(terms, torch.from_numpy(self._snapshot.embeddings(rows)))[0].numpy()
        nearest: Rows = rows[np.argsort(distances, kind="stable")[:NEAREST]]
        return nearest

    def insert(self, embedding: Embeddings, row: int) -> None:
        """Make a new snapshot with an embedding (1,D), as a server does after a change."""
        new = Part.whole(Segment(embedding, np.array([row]), None, self.distance))
        parts = add(self._snapshot.parts, new, self._spec(row))
        self._snapshot = Snapshot(row, tuple(parts))

    def _spec(self, photos: int) -> IndexSpec:
        return IndexSpec()


class TunedIndex(ExactScan):
    """The kind of index that `sketchfind tune` tries first: an inverted file with product quantisation."""

    name: ClassVar[str] = "Sketchfind, IVF-PQ"

    @property
    def settings(self) -> Sequence[Sequence[Setting]]:
        """Numbers of lists that are searched, with each of two numbers of candidates."""
        return inverted_settings(self._index, "candidates", {candidates: candidates for candidates in CANDIDATES})

    def apply(self, setting: Setting) -> None:
        """Use a number of lists and of candidates."""
        set_width(self._index, f"nprobe={setting['nprobe']}")
        self._candidates = setting["candidates"]

    @property
    def _index(self) -> Any:
        return self._snapshot.parts[0].segment.index

    def _spec(self, photos: int) -> IndexSpec:
        return tuned_spec(self.distance, photos)


class GraphIndex(ExactScan):
    """The graph that `--index` makes."""

    name: ClassVar[str] = f"Sketchfind, HNSW{LINKS}"

    @property
    def settings(self) -> Sequence[Sequence[Setting]]:
        """Numbers of candidates, which are also kept on the way of a search."""
        return [[{"candidates": width} for width in WIDTHS]]

    def apply(self, setting: Setting) -> None:
        """Use a number of candidates."""
        self._candidates = setting["candidates"]

    def _spec(self, photos: int) -> IndexSpec:
        return IndexSpec(f"HNSW{LINKS}")


def tuned_spec(distance: Distance, photos: int) -> IndexSpec:
    """Return the specification that `sketchfind tune` tries first, searched in one list."""
    factory = factories_for(distance, photos)[0]
    lists = inverted_file(IndexSpec(factory).make(distance.dim)).nlist
    training = min(photos, _LISTED * lists)
    return IndexSpec(factory, Tuning("nprobe=1", training, DEFAULT_CANDIDATES, 0, 0, "sketches", 0, ""))


def inverted_settings(index: Any, name: str, counts: Mapping[int, int]) -> Sequence[Sequence[Setting]]:
    """Make series of settings of an inverted file, more and more lists with each number of candidates.

    `counts` has the values of the parameter `name` for numbers of candidates. Lists hold several times as many rows: a
    server's search that finds too few rows is repeated in all lists.
    """
    file = inverted_file(index)
    steps = sorted({step for power in range(32) for step in (2**power, 3 * 2**power) if step <= file.nlist})
    return [
        [{"nprobe": step, name: value} for step in steps if step * file.ntotal >= _SPARE * candidates * file.nlist]
        or [{"nprobe": file.nlist, name: value}]
        for candidates, value in counts.items()
    ]

"""acc@k of a checkpoint on a pair folder, with the server's Retriever, and its 95% intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.pictures import Sketch, frame_of
from index_builder.evaluation.bootstrap import Estimate, estimate_means
from index_builder.evaluation.errors import EvaluationError
from index_builder.evaluation.protocols import Advance, GalleryFrom, ranking
from model.checkpoint import Checkpoint

SHOWN = 8  # number of first results in each Query


@dataclass(frozen=True)
class Query:
    """Result of the search with one sketch: its true photo's id and rank (from 1), and the first results' ids."""

    sketch: Sketch
    truth: str
    rank: int
    first: tuple[str, ...]

    @classmethod
    def found(cls, sketch: Sketch, truth: str, ids: Sequence[str]) -> Query:
        """Build a query from the ids of all photos, nearest first."""
        return cls(sketch, truth, ids.index(truth) + 1, tuple(ids[:SHOWN]))


@dataclass(frozen=True)
class Evaluation:
    """All queries against a gallery of n_gallery photos."""

    queries: tuple[Query, ...]
    n_gallery: int

    @property
    def ranks(self) -> NDArray[np.int64]:
        """Ranks of the queries' true photos, (n_queries,) int64."""
        return np.array([query.rank for query in self.queries], np.int64)

    def acc_at_k(self, k: int) -> float:
        """Return the percentage of queries whose true photo is among the first k results."""
        return 100 * float((self.ranks <= k).mean())

    def curve(self, ks: Iterable[int]) -> list[Estimate]:
        """Return acc@k in percent for each k, with its 95% interval."""
        return self._estimate([100.0 * (self.ranks <= k) for k in ks])

    def figures(self) -> dict[str, Estimate]:
        """Return acc@1, acc@5, acc@10 in percent and the mean rank, each with its 95% interval."""
        columns = {f"acc@{k}": 100.0 * (self.ranks <= k) for k in (1, 5, 10)} | {"mean_rank": self.ranks}
        return dict(zip(columns, self._estimate(columns.values()), strict=True))

    def as_json(self) -> dict[str, Any]:
        """Return the figures of `sketchfind evaluate --json`."""
        named: dict[str, Any] = {"n_queries": len(self.queries), "n_gallery": self.n_gallery}
        for name, (value, low, high) in self.figures().items():
            named |= {name: round(value, 2), f"{name}_interval": [round(low, 2), round(high, 2)]}
        return named

    def as_text(self) -> str:
        """Format the figures, one per line."""
        lines = [f"{name:14}{estimate}" for name, estimate in self.figures().items()]
        return "\n".join([f"{len(self.queries)} sketches, {self.n_gallery} photos; 95% intervals in brackets", *lines])

    def _estimate(self, columns: Iterable[NDArray[Any]]) -> list[Estimate]:
        values = np.stack([np.asarray(column, np.float64) for column in columns], 1)
        return estimate_means(values, [query.truth for query in self.queries])


def evaluate(
    folder: PairFolder,
    checkpoint: Checkpoint,
    gallery_from: GalleryFrom = GalleryFrom.photos,
    views: int = 1,
    advance: Advance = lambda count: None,
) -> Evaluation:
    """Search a gallery of all the folder's photos with each of its sketches.

    `advance` counts images as they are done.

    Raises EvaluationError when there are no sketches, when a photo lacks the gallery's file, or when `views` (1 or 10)
    do not match. Also UnreadableImageError or BlankSketchError, with the file.
    """
    sketches = [(sketch, pair.photo_id) for pair in folder.pairs for sketch in pair.sketches]
    if not sketches:
        raise EvaluationError(f"{folder.name} has no sketches to evaluate with, expected sketches/ID.png")
    queries: list[Query] = []
    with ranking(folder, checkpoint, gallery_from, views, advance) as rank:
        for sketch, truth in sketches:
            frame = frame_of(sketch.picture, checkpoint.preprocess.sketch)
            queries.append(Query.found(sketch, truth, rank(frame)))
            advance(1)
    return Evaluation(tuple(queries), len(folder.pairs))

"""Partial sketches: acc@k when only the first part of each sketch is drawn, as in the page's early searches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.partial_strokes import first_share
from index_builder.datasets.pictures import Sketch
from index_builder.evaluation.errors import EvaluationError
from index_builder.evaluation.evaluate import Evaluation, Query
from index_builder.evaluation.protocols import Advance, GalleryFrom, Rank, ranking
from model.checkpoint import Checkpoint
from model.preprocessing.line_drawing import BlankSketchError
from model.preprocessing.preprocess import Preprocess

SHARES = (20, 40, 60, 80, 100)  # percent of a sketch's ink
ByShare = Mapping[int, Evaluation]


def n_searches(folder: PairFolder) -> int:
    """Count the searches of evaluate_partial(). Raises EvaluationError when no sketch has strokes."""
    return len(SHARES) * len(_list_sketches_with_strokes(folder))


def evaluate_partial(
    folder: PairFolder,
    checkpoint: Checkpoint,
    gallery_from: GalleryFrom = GalleryFrom.photos,
    views: int = 1,
    advance: Advance = lambda count: None,
) -> dict[int, Evaluation]:
    """Search with each sketch that has strokes at all SHARES of its ink: {percent: Evaluation}.

    Strokes are drawn like JSON strokes on the server. A share that is blank or too small counts as a miss that ranks
    last, without results. The sketches of the queries have the partial strokes.

    `advance` counts photos and searches. Raises EvaluationError like evaluate(), and when there are no strokes.
    """
    sketches = _list_sketches_with_strokes(folder)
    queries: dict[int, list[Query]] = {percent: [] for percent in SHARES}
    with ranking(folder, checkpoint, gallery_from, views, advance) as rank:
        for sketch, truth in sketches:
            for percent in SHARES:
                drawn = replace(sketch, strokes=first_share(sketch.strokes or (), percent / 100))
                queries[percent].append(_search(rank, drawn, truth, checkpoint.preprocess, len(folder.pairs)))
                advance(1)
    return {percent: Evaluation(tuple(results), len(folder.pairs)) for percent, results in queries.items()}


def partial_as_json(by_share: ByShare) -> list[dict[str, Any]]:
    """Return the output of `sketchfind evaluate --partial --json` for each share."""
    names = ("n_queries", "acc@1", "acc@1_interval", "acc@10", "acc@10_interval")
    figures = {percent: evaluation.as_json() for percent, evaluation in by_share.items()}
    return [{"drawn": percent, **{name: figures[percent][name] for name in names}} for percent in by_share]


def partial_as_text(by_share: ByShare) -> str:
    """Format the figures as a table with one share per line."""
    n_queries = max(len(evaluation.queries) for evaluation in by_share.values())
    lines = [f"{n_queries} sketches by the share of their ink that is drawn", f"{'':10}{'acc@1':24}acc@10"]
    for percent, evaluation in by_share.items():
        figures = evaluation.figures()
        lines.append(f"{percent:4} %    {figures['acc@1']!s:24}{figures['acc@10']}")
    return "\n".join(lines)


def _list_sketches_with_strokes(folder: PairFolder) -> list[tuple[Sketch, str]]:
    """Return the folder's sketches that have strokes, each with its photo's id.

    Raises EvaluationError when there are none.
    """
    sketches = [(sketch, pair.photo_id) for pair in folder.pairs for sketch in pair.sketches if sketch.strokes]
    if not sketches:
        raise EvaluationError(f"{folder.name} has no sketches with strokes, expected some for --partial: strokes.json")
    return sketches


def _search(rank: Rank, sketch: Sketch, truth: str, preprocess: Preprocess, n_gallery: int) -> Query:
    """Search with a partial sketch; a blank one is a miss that ranks last."""
    try:
        frame = preprocess.strokes(sketch.strokes or ())
    except BlankSketchError:
        return Query(sketch, truth, n_gallery, ())
    return Query.found(sketch, truth, rank(frame))

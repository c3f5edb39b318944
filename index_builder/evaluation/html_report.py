"""HTML report of an evaluation in one self-contained file: curves, contact sheets, attention maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, select_autoescape

from index_builder.datasets.pairs import PairFolder
from index_builder.evaluation.evaluate import Evaluation, Query
from index_builder.evaluation.line_chart import HEIGHT, WIDTH, Chart, chart, height_of
from index_builder.evaluation.partial_sketches import ByShare
from index_builder.evaluation.protocols import GalleryFrom
from index_builder.evaluation.report_images import Pictures
from model.checkpoint import Checkpoint

_QUERIES = 20  # evenly over all ranks
_MISSES = 12  # at most
_ATTENTION = 8  # queries whose attention is shown
_PARTIAL = 4  # sketches of which the partial drawings are shown
_CURVE = 50  # the last k of the curve
_TICKS = (1, 2, 5, 10, 20, 50)


def write_report(
    directory: Path,
    folder: PairFolder,
    split: str,
    checkpoint: Checkpoint,
    gallery_from: GalleryFrom,
    by_views: Mapping[int, Evaluation],
    partial: ByShare | None = None,
) -> Path:
    """Write report.html into the directory, which is created, and return its path.

    `by_views` has evaluations by their number of views. All have a curve; the first one has the figures and contact
    sheets. `partial` is the result of evaluate_partial().
    """
    pictures = Pictures(folder, checkpoint, gallery_from)
    views, evaluation = next(iter(by_views.items()))
    by_rank = sorted(evaluation.queries, key=lambda query: query.rank)
    misses = [query for query in reversed(by_rank) if query.rank > 1]
    environment = Environment(loader=PackageLoader("index_builder.evaluation"), autoescape=select_autoescape())
    environment.globals.update(WIDTH=WIDTH, HEIGHT=HEIGHT, height_of=height_of)
    page = environment.get_template("report.html").render(
        title=f"{folder.name}, {split}",
        protocol=gallery_from.value,
        views=views,
        evaluation=evaluation,
        checkpoint=checkpoint,
        curve=_draw_accuracy_chart(by_views),
        partial=_draw_partial_chart(partial) if partial else None,
        drawings=_draw_partial_sketches(partial, pictures) if partial else [],
        sheets={
            "Queries from best to worst": [
                _describe_query(query, pictures) for query in _select_evenly(by_rank, _QUERIES)
            ],
            "The worst misses": [_describe_query(query, pictures) for query in misses[:_MISSES]],
        },
        attention=[(query, pictures.attention(query)) for query in _select_evenly(by_rank, _ATTENTION)],
    )
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def _draw_accuracy_chart(by_views: Mapping[int, Evaluation]) -> Chart:
    """Draw acc@k by k, with that of a random order."""
    n_gallery = max(evaluation.n_gallery for evaluation in by_views.values())
    ks = range(1, min(_CURVE, n_gallery) + 1)
    curves = {
        "one view" if views == 1 else f"{views} views": dict(zip(ks, evaluation.curve(ks), strict=True))
        for views, evaluation in by_views.items()
    }
    chance = {k: 100 * k / n_gallery for k in ks}
    return chart("acc@k in percent, by k", curves, _TICKS, logarithmic=True, chance=chance)


def _draw_partial_chart(partial: ByShare) -> Chart:
    """Draw acc@10 and acc@1 by the share of the ink."""
    curves = {
        f"acc@{k}": {percent: evaluation.figures()[f"acc@{k}"] for percent, evaluation in partial.items()}
        for k in (10, 1)
    }
    return chart("accuracy in percent, by the share of the ink that is drawn", curves, list(partial), unit=" %")


def _draw_partial_sketches(partial: ByShare, pictures: Pictures) -> list[list[tuple[str, int, int]]]:
    """Return picture, percent and rank at every share, for a few sketches."""
    by_share = {percent: _select_evenly(evaluation.queries, _PARTIAL) for percent, evaluation in partial.items()}
    shown = [
        [(pictures.drawn(query.sketch.strokes or ()), percent, query.rank) for query in queries]
        for percent, queries in by_share.items()
    ]
    return [list(row) for row in zip(*shown, strict=True)]


def _describe_query(query: Query, pictures: Pictures) -> dict[str, object]:
    """Return the template's values of a query: sketch, rank, true photo and first results."""
    return {
        "query": query,
        "sketch": pictures.sketch(query.sketch),
        "truth": pictures.photo(query.truth),
        "results": [(pictures.photo(photo_id), photo_id == query.truth) for photo_id in query.first],
    }


def _select_evenly(queries: Sequence[Query], count: int) -> list[Query]:
    """Select at most `count` queries, evenly over the sequence, with its first and last."""
    return [queries[i] for i in sorted({int(i) for i in np.linspace(0, len(queries) - 1, count)})]

"""An evaluation as one self-contained HTML page that can be sent around: curves, contact sheets, attention maps."""

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
_PARTIAL = 4  # sketches that are shown while they are drawn
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
    """Write report.html into the directory, which is made, and return its path.

    `by_views` holds evaluations by their number of views: all have a curve, and the first is what figures and contact
    sheets show. `partial` is what evaluate_partial() gave.
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
        curve=_accuracy_chart(by_views),
        partial=_partial_chart(partial) if partial else None,
        drawings=_drawings(partial, pictures) if partial else [],
        sheets={
            "Queries from best to worst": [_row(query, pictures) for query in _evenly(by_rank, _QUERIES)],
            "The worst misses": [_row(query, pictures) for query in misses[:_MISSES]],
        },
        attention=[(query, pictures.attention(query)) for query in _evenly(by_rank, _ATTENTION)],
    )
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def _accuracy_chart(by_views: Mapping[int, Evaluation]) -> Chart:
    """acc@k by k, with what guessing gives."""
    n_gallery = max(evaluation.n_gallery for evaluation in by_views.values())
    ks = range(1, min(_CURVE, n_gallery) + 1)
    curves = {
        "one view" if views == 1 else f"{views} views": dict(zip(ks, evaluation.curve(ks), strict=True))
        for views, evaluation in by_views.items()
    }
    guessing = {k: 100 * k / n_gallery for k in ks}
    return chart("acc@k in percent, by k", curves, _TICKS, logarithmic=True, chance=guessing)


def _partial_chart(partial: ByShare) -> Chart:
    """acc@10 and acc@1 by the share of the ink that is drawn."""
    curves = {f"acc@{k}": {percent: found.figures()[f"acc@{k}"] for percent, found in partial.items()} for k in (10, 1)}
    return chart("accuracy in percent, by the share of the ink that is drawn", curves, list(partial), unit=" %")


def _drawings(partial: ByShare, pictures: Pictures) -> list[list[tuple[str, int, int]]]:
    """For some sketches: picture, percent and rank, as they are drawn."""
    by_share = {percent: _evenly(evaluation.queries, _PARTIAL) for percent, evaluation in partial.items()}
    shown = [
        [(pictures.drawn(query.sketch.strokes or ()), percent, query.rank) for query in queries]
        for percent, queries in by_share.items()
    ]
    return [list(row) for row in zip(*shown, strict=True)]


def _row(query: Query, pictures: Pictures) -> dict[str, object]:
    """What the template shows of a query: its sketch, rank, true photo and first results."""
    return {
        "query": query,
        "sketch": pictures.sketch(query.sketch),
        "truth": pictures.photo(query.truth),
        "results": [(pictures.photo(found), found == query.truth) for found in query.first],
    }


def _evenly(queries: Sequence[Query], count: int) -> list[Query]:
    """At most `count` queries, evenly over the sequence, its first and last among them."""
    return [queries[i] for i in sorted({int(i) for i in np.linspace(0, len(queries) - 1, count)})]

"""Accuracy of photographs of paper sketches and of traced strokes, against that of the sketches themselves.

    python -m benchmarks.queries.paper_photos --data PAIRS [--split all|held-out] [--gallery-from photos|edge_maps]
        [--checkpoint FILE] [--json]

The photographs are rendered (benchmarks/support/synthetic_paper_photos.py) and are the same on every run.
A photograph without a recognisable sketch counts as a miss.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.support.report import add_checkpoint_option, add_split_option, create_parser, parse_options
from benchmarks.support.synthetic_paper_photos import WAYS, Way, photographed
from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.pictures import Sketch
from index_builder.datasets.readers.read import read_pairs
from index_builder.evaluation.evaluate import Evaluation, Query
from index_builder.evaluation.protocols import GalleryFrom, Rank, ranking
from model.checkpoint import Checkpoint, load_checkpoint
from model.preprocessing.images import Pixels, decode_image
from model.preprocessing.line_drawing import BlankSketchError
from model.preprocessing.preprocess import Preprocess
from model.preprocessing.tracing import trace_strokes

CLEAN = "as it is"
_K = 10

Take = Callable[[Image.Image, str, Preprocess], Pixels]
"""Function of a sketch, a name to derive a seed from, and a Preprocess; returns the frame (256,256) to search with."""


def evaluate_takes(folder: PairFolder, checkpoint: Checkpoint, gallery_from: GalleryFrom) -> dict[str, Evaluation]:
    """Evaluate all sketches of a folder against all its photos: unchanged, traced, and photographed in each way."""
    queries: dict[str, list[Query]] = {name: [] for name in TAKES}
    with ranking(folder, checkpoint, gallery_from, 1, lambda count: None) as rank:
        for pair in folder.pairs:
            for sketch in pair.sketches:
                for name, take in TAKES.items():
                    query = _run_query(sketch, pair.photo_id, name, take, checkpoint.preprocess, rank)
                    queries[name].append(query)
    return {name: Evaluation(tuple(asked), len(folder.pairs)) for name, asked in queries.items()}


def make_figures(evaluations: dict[str, Evaluation]) -> dict[str, dict[str, float]]:
    """Compute, in percent, acc@10, "kept" and "same first" of each take.

    "kept" is the share of the queries found by clean sketches at 10 that this take finds, too. "same first" is the
    share of queries whose first result is that of the clean sketch.
    """
    clean = evaluations[CLEAN]
    firsts = [query.first[:1] for query in clean.queries]
    return {
        name: {
            f"acc@{_K}": round(evaluation.acc_at_k(_K), 1),
            "kept": _to_percent((evaluation.ranks <= _K)[clean.ranks <= _K].tolist()),
            "same first": _to_percent(
                [q.first[:1] == first for q, first in zip(evaluation.queries, firsts, strict=True)]
            ),
        }
        for name, evaluation in evaluations.items()
    }


def _to_percent(values: list[bool]) -> float:
    return round(100 * float(np.mean(values)), 1)


def _run_query(sketch: Sketch, truth: str, name: str, take: Take, preprocess: Preprocess, rank: Rank) -> Query:
    try:
        frame = take(sketch.picture.open(), f"{sketch.name} {name}", preprocess)
    except BlankSketchError:
        return Query(sketch, truth, 10**6, ())  # found nowhere
    return Query.found(sketch, truth, rank(frame))


def _prepare_unchanged(sketch: Image.Image, name: str, preprocess: Preprocess) -> Pixels:
    return preprocess.sketch(sketch)


def _prepare_traced(sketch: Image.Image, name: str, preprocess: Preprocess) -> Pixels:
    return preprocess.strokes(trace_strokes(sketch).strokes)


def _prepare_photographed(way: Way) -> Take:
    def take(sketch: Image.Image, name: str, preprocess: Preprocess) -> Pixels:
        return preprocess.sketch(decode_image(photographed(sketch, way, zlib.crc32(name.encode()))))

    return take


TAKES: dict[str, Take] = {
    CLEAN: _prepare_unchanged,
    "traced into strokes": _prepare_traced,
    **{name: _prepare_photographed(way) for name, way in WAYS.items()},
}


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="pair folder whose sketches are searched")
    add_split_option(parser, default="held-out")
    parser.add_argument(
        "--gallery-from",
        type=GalleryFrom,
        choices=list(GalleryFrom),
        default=GalleryFrom.photos,
        help="pictures that are searched among (default: %(default)s)",
    )
    add_checkpoint_option(parser)
    options = parse_options(parser)
    folder = read_pairs(options.data).part(options.split)
    evaluations = evaluate_takes(folder, load_checkpoint(options.checkpoint), options.gallery_from)
    clean = evaluations[CLEAN]
    if options.json:
        print(json.dumps({"n_queries": len(clean.queries), "n_gallery": clean.n_gallery, **make_figures(evaluations)}))
        return
    print(f"{len(clean.queries)} sketches, {clean.n_gallery} photos")
    for name, values in make_figures(evaluations).items():
        print(f"{name:24}", "  ".join(f"{what} {value:5.1f}" for what, value in values.items()))


if __name__ == "__main__":
    main()

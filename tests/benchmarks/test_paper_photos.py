"""Tests of the figures of `python -m benchmarks.queries.paper_photos`, on a few polygons and two of its ways."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.queries import paper_photos as paper
from index_builder.datasets.pairs import PairFolder
from index_builder.evaluation.evaluate import Evaluation, Query
from index_builder.evaluation.protocols import GalleryFrom
from model.checkpoint import load_checkpoint
from model.preprocessing.images import Pixels
from model.preprocessing.line_drawing import BlankSketchError
from model.preprocessing.preprocess import Preprocess
from tests.support.drawings import drawings


def test_every_sketch_is_searched_in_every_way(tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(sketch: Image.Image, name: str, preprocess: Preprocess) -> Pixels:
        raise BlankSketchError("sketch is blank")

    ways = {name: paper.TAKES[name] for name in (paper.CLEAN, "traced into strokes", "uneven light")}
    monkeypatch.setattr(paper, "TAKES", {**ways, "nothing": nothing})
    pairs = drawings(photos=12, sketches=1).pairs
    folder = PairFolder("polygons", (*pairs[:4], *(replace(pair, sketches=()) for pair in pairs[4:])))
    evaluations = paper.evaluate_takes(folder, load_checkpoint(tiny_checkpoint), GalleryFrom.edge_maps)
    shown = paper.make_figures(evaluations)
    assert list(shown) == [*ways, "nothing"]
    assert shown[paper.CLEAN]["acc@10"] > 80 and shown[paper.CLEAN]["same first"] == 100
    assert shown["traced into strokes"]["kept"] > 80 and shown["uneven light"]["kept"] > 80
    assert shown["nothing"] == {"acc@10": 0, "kept": 0, "same first": 0}


def test_kept_is_of_what_clean_sketches_find() -> None:
    sketch = drawings(photos=1).pairs[0].sketches[0]

    def evaluation(*ranks: int) -> Evaluation:
        return Evaluation(tuple(Query(sketch, "a", rank, (str(rank),)) for rank in ranks), 20)

    shown = paper.make_figures({paper.CLEAN: evaluation(1, 2, 3, 12), "photo": evaluation(1, 10, 11, 1)})["photo"]
    assert shown == {"acc@10": 75.0, "kept": pytest.approx(100 * 2 / 3, abs=0.1), "same first": 25.0}

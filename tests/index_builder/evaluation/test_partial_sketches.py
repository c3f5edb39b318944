from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.decoding.stroke_sketch import parse_strokes
from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.partial_strokes import first_share
from index_builder.evaluation.errors import EvaluationError
from index_builder.evaluation.partial_sketches import (
    SHARES,
    ByShare,
    evaluate_partial,
    n_searches,
    partial_as_json,
    partial_as_text,
)
from index_builder.evaluation.protocols import GalleryFrom, ranking
from model.checkpoint import Checkpoint, load_checkpoint
from model.preprocessing.frames import Strokes
from tests.support.drawings import drawings


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint: Path) -> Checkpoint:
    return load_checkpoint(tiny_checkpoint)


@pytest.fixture(scope="module")
def folder() -> PairFolder:
    return drawings(photos=10, sketches=1)


@pytest.fixture(scope="module")
def by_share(folder: PairFolder, checkpoint: Checkpoint) -> ByShare:
    return evaluate_partial(folder, checkpoint)


def redrawn(folder: PairFolder, number: int, strokes: Strokes | None) -> PairFolder:
    """Return the folder with other strokes in the sketch of one photo."""
    pairs = list(folder.pairs)
    pairs[number] = replace(pairs[number], sketches=(replace(pairs[number].sketches[0], strokes=strokes),))
    return replace(folder, pairs=tuple(pairs))


def test_more_of_the_drawing_finds_more(by_share: ByShare) -> None:
    assert tuple(by_share) == SHARES == (20, 40, 60, 80, 100)
    assert {len(evaluation.queries) for evaluation in by_share.values()} == {10}
    assert by_share[20].acc_at_k(1) < by_share[100].acc_at_k(1) and by_share[100].acc_at_k(1) > 75


def test_each_share_is_searched_as_the_server_draws_it(
    by_share: ByShare, folder: PairFolder, checkpoint: Checkpoint
) -> None:
    with ranking(folder, checkpoint, GalleryFrom.photos, 1, lambda count: None) as rank:
        for percent in (20, 60):
            for pair, query in zip(folder.pairs, by_share[percent].queries, strict=True):
                part = first_share(pair.sketches[0].strokes or (), percent / 100)
                body = json.dumps({"width": 256, "height": 256, "strokes": part}).encode()
                ids = rank(checkpoint.preprocess.strokes(parse_strokes(body).in_pixels()))
                assert (query.rank, query.first) == (ids.index(pair.photo_id) + 1, tuple(ids[:8]))
                assert query.sketch.strokes == part


def test_too_little_to_search_for_is_a_miss_that_ranks_last(folder: PairFolder, checkpoint: Checkpoint) -> None:
    slow_start = [[[100.0, 100.0], [103.0, 100.0], [103.0, 103.0], [100.0, 103.0]], [[100.0, 50.0], [130.0, 50.0]]]
    by_share = evaluate_partial(redrawn(folder, 0, slow_start), checkpoint)
    assert (by_share[20].queries[0].rank, by_share[20].queries[0].first) == (10, ())
    assert len(by_share[60].queries[0].first) == 8


def test_it_works_by_the_papers_protocol_and_its_views(folder: PairFolder, checkpoint: Checkpoint) -> None:
    done: list[int] = []
    by_share = evaluate_partial(folder, checkpoint, GalleryFrom.edge_maps, 10, done.append)
    assert by_share[100].acc_at_k(1) > 75 and sum(done) == 10 + 5 * 10


def test_sketches_without_strokes_are_left_out_but_one_must_have_some(
    folder: PairFolder, checkpoint: Checkpoint
) -> None:
    assert n_searches(redrawn(folder, 0, None)) == 5 * 9
    for number in range(len(folder.pairs)):
        folder = redrawn(folder, number, None)
    with pytest.raises(EvaluationError, match=r"polygons has no sketches with strokes, .* strokes\.json"):
        evaluate_partial(folder, checkpoint)


def test_figures_are_told_share_by_share(by_share: ByShare) -> None:
    figures = partial_as_json(by_share)
    assert [entry["drawn"] for entry in figures] == list(SHARES) and {entry["n_queries"] for entry in figures} == {10}
    assert figures[4]["acc@1"] == round(by_share[100].acc_at_k(1), 2)
    low, high = figures[2]["acc@10_interval"]
    assert low <= figures[2]["acc@10"] <= high
    table = partial_as_text(by_share).splitlines()
    assert table[0].startswith("10 sketches") and len(table) == 7 and table[-1].startswith(" 100 %")
    assert str(by_share[100].figures()["acc@10"]) in table[-1]

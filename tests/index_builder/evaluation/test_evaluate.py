from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.pictures import Sketch, frame_of
from index_builder.evaluation.errors import EvaluationError
from index_builder.evaluation.evaluate import Evaluation, Query, evaluate
from index_builder.evaluation.protocols import GalleryFrom
from index_builder.evaluation.ten_views import ten_views
from model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from model.network.dssa import DSSA, NetworkConfig
from model.preprocessing.preprocess import PreprocessConfig
from tests.support.drawings import Polygon, drawings

EDGES, PHOTOS = GalleryFrom.edge_maps, GalleryFrom.photos


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """Build a checkpoint of the stem alone, which recognises outlines without training."""
    torch.manual_seed(0)
    network = DSSA(NetworkConfig("orientations", "residual", "none", ("stem",), "holef"))
    path = tmp_path_factory.mktemp("net") / "stem.safetensors"
    return load_checkpoint(save_checkpoint(path, network, PreprocessConfig(size=48)))


@pytest.fixture(scope="module")
def folder() -> PairFolder:
    return drawings(photos=12)


def mirrored(folder: PairFolder) -> PairFolder:
    def turn(sketch: Sketch) -> Sketch:
        assert isinstance(sketch.picture, Polygon)
        return Sketch(sketch.picture.mirrored())

    pairs = (replace(pair, sketches=tuple(map(turn, pair.sketches))) for pair in folder.pairs)
    return replace(folder, pairs=tuple(pairs))


def ranked(*ranks: int, photos: Callable[[int], str] = str) -> Evaluation:
    sketch = Sketch(Polygon("p", ((0, 0), (9, 9))))
    return Evaluation(tuple(Query(sketch, photos(i), rank, ()) for i, rank in enumerate(ranks)), 20)


@pytest.mark.parametrize(("gallery_from", "views"), [(PHOTOS, 1), (EDGES, 1), (EDGES, 10)])
def test_outlines_are_found_by_either_protocol(
    gallery_from: GalleryFrom, views: int, folder: PairFolder, checkpoint: Checkpoint
) -> None:
    done: list[int] = []
    result = evaluate(folder, checkpoint, gallery_from, views, done.append)
    assert len(result.queries) == 24 and result.n_gallery == 12 and sum(done) == 36
    assert result.acc_at_k(1) > 85
    assert {len(query.first) for query in result.queries} == {8}
    assert all((query.first[0] == query.truth) == (query.rank == 1) for query in result.queries)


def test_only_the_products_protocol_looks_either_way_round(folder: PairFolder, checkpoint: Checkpoint) -> None:
    turned = mirrored(folder)
    assert evaluate(turned, checkpoint, PHOTOS).acc_at_k(1) > 85
    assert evaluate(turned, checkpoint, EDGES).acc_at_k(1) < 60
    assert evaluate(turned, checkpoint, EDGES, views=10).acc_at_k(1) < 60  # views are compared with their like


def test_ten_views_rank_as_a_plain_loop_over_views_does(folder: PairFolder, checkpoint: Checkpoint) -> None:
    def embed(picture: Polygon) -> torch.Tensor:
        preprocess = checkpoint.preprocess
        prepare = preprocess.sketch if "_" in picture.name else preprocess.edge_map
        return torch.from_numpy(checkpoint.embed_frames(ten_views(frame_of(picture, prepare))))  # (10,D)

    photos = {pair.photo_id: embed(pair.edge_map) for pair in folder.pairs if isinstance(pair.edge_map, Polygon)}
    distance = checkpoint.network.distance
    for query in evaluate(folder, checkpoint, EDGES, views=10).queries[::5]:
        assert isinstance(query.sketch.picture, Polygon)
        sketch = embed(query.sketch.picture)
        with torch.no_grad():
            means = {name: distance.pairwise(sketch, photo).diagonal().mean().item() for name, photo in photos.items()}
        assert query.first == tuple(sorted(means, key=means.__getitem__)[:8])
        assert query.rank == 1 + sum(mean < means[query.truth] for mean in means.values())


def test_figures_have_intervals_around_them() -> None:
    figures = ranked(1, 2, 1, 7, 12, 1, 3, 20).as_json()
    assert figures["n_queries"] == 8 and figures["n_gallery"] == 20
    assert (figures["acc@1"], figures["acc@5"], figures["acc@10"]) == (37.5, 62.5, 75)
    assert figures["mean_rank"] == pytest.approx(np.mean([1, 2, 1, 7, 12, 1, 3, 20]), abs=0.01)
    for name in ("acc@1", "acc@5", "acc@10", "mean_rank"):
        low, high = figures[f"{name}_interval"]
        assert low < figures[name] < high
    assert "acc@1         37.5  (" in ranked(1, 2, 1, 7, 12, 1, 3, 20).as_text()


def test_sketches_of_one_photo_are_resampled_together() -> None:
    ranks = [1, 1, 1, 9, 9, 9] * 6
    alone, grouped = ranked(*ranks), ranked(*ranks, photos=lambda i: str(i // 3))
    (_, low, high), (_, wide_low, wide_high) = (evaluation.figures()["acc@1"] for evaluation in (alone, grouped))
    assert wide_high - wide_low > 1.4 * (high - low)


def test_the_curve_is_acc_at_k() -> None:
    result = ranked(1, 4, 2, 2)
    assert [estimate.value for estimate in result.curve([1, 2, 3, 4])] == [25, 75, 75, 100]
    assert [result.acc_at_k(k) for k in (1, 2, 3, 4)] == [25, 75, 75, 100]


def test_what_cannot_be_evaluated_is_named(folder: PairFolder, checkpoint: Checkpoint) -> None:
    without = replace(folder, pairs=tuple(replace(pair, edge_map=None) for pair in folder.pairs))
    with pytest.raises(EvaluationError, match=r"photo '00' has no file in edge_maps/, .* try --gallery-from photos"):
        evaluate(without, checkpoint, EDGES)
    with pytest.raises(EvaluationError, match="no sketches to evaluate with"):
        evaluate(PairFolder("none", ()), checkpoint)
    with pytest.raises(EvaluationError, match="--views is 3, expected one of 1, 10"):
        evaluate(folder, checkpoint, EDGES, views=3)
    with pytest.raises(EvaluationError, match="--views is 10 with --gallery-from photos, expected 1"):
        evaluate(folder, checkpoint, PHOTOS, views=10)


def test_a_sketch_that_cannot_be_searched_is_named(folder: PairFolder, checkpoint: Checkpoint) -> None:
    blank = Sketch(Polygon("blank", ((300, 300), (310, 300))))
    pairs = (replace(folder.pairs[0], sketches=(blank,)), *folder.pairs[1:])
    with pytest.raises(ValueError, match=r"blank.*sketch is blank"):
        evaluate(replace(folder, pairs=pairs), checkpoint)

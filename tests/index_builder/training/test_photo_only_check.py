from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.readers.read import read_pairs, read_photos
from index_builder.training.config.presets import PRESETS
from index_builder.training.data.sample_cache import SampleCache
from index_builder.training.data.samples import SampleSet
from index_builder.training.photo_only_check import compare_on_held_out_photos
from index_builder.training.train import train
from model.checkpoint import save_checkpoint
from model.network.dssa import DSSA, NetworkConfig
from model.preprocessing.preprocess import Preprocess, PreprocessConfig
from tests.support.shape_pairs import write_shapes

pytestmark = pytest.mark.usefixtures("torch_engine")
SIZE = PreprocessConfig(size=64)
SHORT = replace(PRESETS["photo-edges"], steps=8, batch=16, size=64)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> PairFolder:
    return read_photos(write_shapes(tmp_path_factory.mktemp("shop") / "shapes", photos=50, sketches=0) / "photos")


@pytest.fixture(scope="module")
def frames() -> SampleCache:
    """Share the frames of `shop` between the runs; what is trained on other pictures must not take it."""
    return SampleCache()


@pytest.fixture(scope="module")
def sets(shop: PairFolder, frames: SampleCache) -> tuple[SampleSet, SampleSet]:
    seen, held_out = (
        frames.prepare(part, Preprocess(SIZE), lambda: None, unfinished=False)
        for part in (shop.training(), shop.held_out())
    )
    return seen, held_out


def network(weight: float) -> DSSA:
    """Build a network of orientations alone; with a negative weight it ranks the most different shapes first."""
    untrained = DSSA(NetworkConfig("orientations", "residual", "none", ("stem",), "weighted-euclidean"))
    torch.nn.init.constant_(next(untrained.distance.parameters()), weight)
    return untrained.eval()


def test_better_is_told_from_worse(sets: tuple[SampleSet, SampleSet]) -> None:
    seen, held_out = sets
    comparison = compare_on_held_out_photos(network(-0.05), network(1.0), [seen], [held_out])
    assert comparison is not None and comparison.improved and comparison.before == 0 and comparison.after > 50
    assert comparison.n_gallery == 50 and comparison.n_queries == 3 * len(held_out.samples) > 0
    back = compare_on_held_out_photos(network(1.0), network(-0.05), [seen], [held_out])
    assert back is not None and not back.improved and (back.before, back.after) == (comparison.after, comparison.before)


@pytest.mark.parametrize("weight", [0.0, float("nan")])
def test_a_network_to_which_all_photos_look_alike_finds_none(weight: float, sets: tuple[SampleSet, SampleSet]) -> None:
    comparison = compare_on_held_out_photos(network(1.0), network(weight), [sets[0]], [sets[1]])
    assert comparison is not None and comparison.after == 0 and not comparison.improved


def test_the_same_queries_are_asked_every_time(sets: tuple[SampleSet, SampleSet]) -> None:
    before, after = network(1.0), network(1.0)
    state = torch.get_rng_state()
    first, second = (compare_on_held_out_photos(before, after, [sets[0]], [sets[1]]) for _ in range(2))
    assert first == second and first is not None and first.before == first.after and not first.improved
    assert torch.equal(torch.get_rng_state(), state)


def test_training_that_improves_says_so(shop: PairFolder, frames: SampleCache, tmp_path: Path) -> None:
    start = save_checkpoint(tmp_path / "start.safetensors", network(-0.05), SIZE)
    report = train(
        [shop], replace(SHORT, distance_rate=0.1), tmp_path / "net.safetensors", start_from=[start], samples=frames
    )
    assert report.comparison is not None and report.comparison.improved
    figures = report.as_json()["comparison"]
    assert figures["improved"] is True and figures["acc@10"]["after"] > figures["acc@10"]["before"] == 0
    assert str(report).endswith("It improved.")


def test_training_that_does_not_improve_says_so(shop: PairFolder, frames: SampleCache, tmp_path: Path) -> None:
    start = save_checkpoint(tmp_path / "start.safetensors", network(1.0), SIZE)
    idle = replace(SHORT, steps=1, learning_rate=0.0, distance_rate=0.0)
    report = train([shop], idle, tmp_path / "net.safetensors", start_from=[start], samples=frames)
    assert report.comparison is not None and report.comparison.before == report.comparison.after > 50
    assert report.as_json()["comparison"]["improved"] is False
    assert str(report).endswith(f"It did not improve: keep {start}.")


def test_what_cannot_be_compared_is_not_claimed(shop: PairFolder, frames: SampleCache, tmp_path: Path) -> None:
    start = save_checkpoint(tmp_path / "start.safetensors", network(1.0), SIZE)
    idle = replace(SHORT, steps=1)
    report = train([shop], idle, tmp_path / "all.safetensors", start_from=[start], holdout=False, samples=frames)
    assert report.comparison is None and report.as_json()["comparison"] is None
    assert f"It is not known whether it improved on {start}" in str(report)
    pairs = read_pairs(write_shapes(tmp_path / "pairs", photos=12))
    mixed = train([shop, pairs], idle, tmp_path / "mixed.safetensors", start_from=[start])
    assert mixed.comparison is None and set(mixed.validation) == {"pairs"}

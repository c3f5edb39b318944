from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from index_builder.datasets.readers.read import read_pairs
from index_builder.training.config.errors import TrainingError
from index_builder.training.config.presets import PRESETS
from index_builder.training.data.sample_cache import SampleCache
from index_builder.training.data.samples import SampleSet, prepare
from index_builder.training.ranks.ranks import Ranks
from index_builder.training.run import TrainingRun
from index_builder.training.train import train
from index_builder.training.warm_start import inheritance, load_start
from model.checkpoint import load_checkpoint, save_checkpoint
from model.network.dssa import DSSA, NetworkConfig
from model.preprocessing.preprocess import Preprocess, PreprocessConfig
from tests.model.network import test_efficientnet
from tests.model.network.test_squeezenet import published
from tests.support.shape_pairs import write_shapes

TINY = replace(
    PRESETS["oriented"],
    network=replace(PRESETS["oriented"].network, heads=("coarse", "stem")),
    steps=4,
    batch=4,
    size=64,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shapes(tmp_path_factory.mktemp("learner") / "shapes", photos=8)


@pytest.fixture(scope="module")
def frames() -> SampleCache:
    """Share the frames of `folder` between the runs; what is trained on other pictures must not take it."""
    return SampleCache()


@pytest.fixture(scope="module")
def samples(folder: Path) -> SampleSet:
    return prepare(read_pairs(folder), Preprocess(PreprocessConfig(size=64)))


def weights_of(network: DSSA) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in network.named_parameters()}


class _Second(Ranks):
    """A rank of which the first one trains with another seed."""

    def from_first(self, compute: Callable[[], Any]) -> Any:
        return {**compute(), "seed": 5}


def test_a_rank_that_would_train_something_else_is_refused(tmp_path: Path) -> None:
    learner = TrainingRun(TINY, 0, "cpu", {}, ranks=_Second(1, 2))
    with pytest.raises(TrainingError, match="rank 1 does not train the same as rank 0: its seed is 0, expected 5"):
        learner.resume_or_initialise([], tmp_path / "state")


def test_the_averaged_weights_are_the_last_ones_without_averaging(samples: SampleSet) -> None:
    learner = TrainingRun(replace(TINY, averaging=0.0), 0, "cpu", {})
    learner.train_step([samples])
    learner.train_step([samples])
    averaged = dict(learner.averaged.named_parameters())
    assert all(torch.equal(value, averaged[name]) for name, value in learner.network.named_parameters())


def test_the_averaged_weights_follow_at_the_decay(samples: SampleSet) -> None:
    learner = TrainingRun(replace(TINY, averaging=0.75, learning_rate=1e-2), 0, "cpu", {})
    learner.train_step([samples])
    first = weights_of(learner.network)
    learner.train_step([samples])
    averaged = dict(learner.averaged.named_parameters())
    for name, value in learner.network.named_parameters():
        torch.testing.assert_close(averaged[name], 0.75 * first[name] + 0.25 * value, rtol=1e-4, atol=1e-6)
    assert any(not torch.equal(value, first[name]) for name, value in learner.network.named_parameters())


def test_a_head_that_the_joint_loss_overlooks_learns_by_its_own(samples: SampleSet) -> None:
    alone = [TrainingRun(replace(TINY, head_loss=weight), 0, "cpu", {}) for weight in (0.0, 1.0)]
    for learner in alone:
        learner.train_step([samples])
    temperatures = [learner.objective.get_parameter("head_temperatures").detach() for learner in alone]
    untouched = torch.full_like(temperatures[0], float(np.log(0.1)))
    torch.testing.assert_close(temperatures[0], untouched)
    assert (temperatures[1] != untouched).all()


def test_compression_is_fitted_once_and_taken_afterwards(folder: Path, frames: SampleCache, tmp_path: Path) -> None:
    pairs = read_pairs(folder)
    still = replace(TINY, steps=1, learning_rate=0.0, distance_rate=0.0, weight_decay=0.0)
    start = train([pairs], still, tmp_path / "start.safetensors", samples=frames).checkpoint
    compressed = replace(still, network=replace(still.network, compressed=8))
    fitted = train([pairs], compressed, tmp_path / "fitted.safetensors", start_from=[start], samples=frames).checkpoint
    again = train(
        [pairs], compressed, tmp_path / "again.safetensors", start_from=[fitted], seed=1, samples=frames
    ).checkpoint
    projections = [load_checkpoint(path).network.compression for path in (fitted, again)]
    weight = projections[0].weight
    assert isinstance(weight, torch.Tensor) and weight.shape == (8, 768)
    torch.testing.assert_close(weight @ weight.T, torch.eye(8), rtol=0, atol=1e-4)
    assert torch.equal(weight, projections[1].weight)  # type: ignore[arg-type]


def test_compression_starts_with_the_experts_heads_weighted(samples: SampleSet) -> None:
    network = NetworkConfig(
        "orientations", "residual", "none", ("coarse", "global"), "holef", 40, expert="efficientnet-lite0"
    )
    weights = []
    for weight in (1.0, 4.0):
        run = TrainingRun(replace(TINY, network=network, expert_weight=weight), 0, "cpu", {})
        run.fit_compression([samples])
        compression = run.network.compression
        assert isinstance(compression, nn.Linear)
        strength = compression.weight.detach().square()
        weights.append((strength[:, :256].sum(), strength[:, 256:].sum()))
    own, experts = (ends[1] / ends[0] for ends in zip(*weights, strict=True))
    assert experts > 2 > own


def test_imagenet_weights_start_the_squeezenet_head_alone(tmp_path: Path) -> None:
    path = tmp_path / "squeezenet.safetensors"
    save_file(published(), path)
    start = load_start(path, "cpu")
    config = replace(TINY.network, heads=("coarse", "squeezenet"))
    taken = inheritance(config, [start])
    assert start.checkpoint is None
    assert taken.partly == ("heads.squeezenet",) and "backbone" in taken.fresh and not taken.taken


def test_imagenet_weights_start_the_expert_alone(tmp_path: Path) -> None:
    path = tmp_path / "lite0.safetensors"
    save_file(test_efficientnet.published(), path)
    start = load_start(path, "cpu")
    config = replace(TINY.network, heads=("coarse", "global"), expert="efficientnet-lite0")
    assert start.checkpoint is None
    assert inheritance(config, [start]).taken == ("expert",)


def test_a_run_may_start_from_a_checkpoint_and_imagenet_weights(
    folder: Path, frames: SampleCache, tmp_path: Path
) -> None:
    published = tmp_path / "lite0.safetensors"
    save_file(test_efficientnet.published(), published)
    start = save_checkpoint(tmp_path / "net.safetensors", DSSA(TINY.network), PreprocessConfig(size=64))
    network = replace(TINY.network, heads=("coarse", "global"), expert="efficientnet-lite0")
    preset = replace(TINY, network=network, steps=1, learning_rate=0.0, distance_rate=0.0, weight_decay=0.0)
    report = train(
        [read_pairs(folder)], preset, tmp_path / "out.safetensors", start_from=[start, published], samples=frames
    )
    assert report.inherited is not None and report.inherited.taken == ("backbone", "attention", "expert")
    weights = dict(load_checkpoint(report.checkpoint).network.named_parameters())
    before = {**load_start(start, "cpu").weights, **load_start(published, "cpu").weights}
    for name in ("backbone.0.0.weight", "expert.stem.0.weight"):
        assert torch.equal(weights[name], before[name])


def test_the_weights_of_a_later_start_replace_those_of_an_earlier_one(
    folder: Path, frames: SampleCache, tmp_path: Path
) -> None:
    first = replace(TINY.network, heads=("coarse", "global"), expert="efficientnet-lite0")
    starts = [tmp_path / "first.safetensors", tmp_path / "second.safetensors"]
    for path, network in zip(starts, (first, TINY.network), strict=True):
        save_checkpoint(path, DSSA(network), PreprocessConfig(size=64))
    preset = replace(TINY, network=first, steps=1, learning_rate=0.0, distance_rate=0.0, weight_decay=0.0)
    report = train([read_pairs(folder)], preset, tmp_path / "out.safetensors", start_from=starts, samples=frames)
    weights = dict(load_checkpoint(report.checkpoint).network.named_parameters())
    held = [load_start(path, "cpu").weights for path in starts]
    assert torch.equal(weights["expert.stem.0.weight"], held[0]["expert.stem.0.weight"])  # the first alone has it
    assert torch.equal(weights["backbone.0.0.weight"], held[1]["backbone.0.0.weight"])
    assert not torch.equal(weights["backbone.0.0.weight"], held[0]["backbone.0.0.weight"])


def test_what_one_of_several_starts_saw_is_remembered(folder: Path, frames: SampleCache, tmp_path: Path) -> None:
    short = replace(TINY, steps=1)
    clean = save_checkpoint(tmp_path / "clean.safetensors", DSSA(TINY.network), PreprocessConfig(size=64))
    whole = train([read_pairs(folder)], short, tmp_path / "whole.safetensors", holdout=False, samples=frames).checkpoint
    later = train(
        [read_pairs(folder)], short, tmp_path / "later.safetensors", start_from=[clean, whole], samples=frames
    ).checkpoint
    assert load_checkpoint(later).saw_held_out


def test_trunks_learn_at_a_rate_of_their_own(samples: SampleSet) -> None:
    network = replace(TINY.network, heads=("coarse", "global"), expert="efficientnet-lite0")
    learner = TrainingRun(replace(TINY, network=network, trunk_rate=0.0, weight_decay=0.0), 0, "cpu", {})
    before = {name: value.clone() for name, value in learner.network.named_parameters()}
    learner.train_step([samples])
    changed = {n.split(".")[0] for n, p in learner.network.named_parameters() if not torch.equal(p, before[n])}
    assert {"heads", "attention"} <= changed and not changed & {"backbone", "expert"}


def test_a_distance_over_another_embedding_is_not_taken(tmp_path: Path) -> None:
    mahalanobis = replace(TINY.network, distance="mahalanobis")
    path = save_checkpoint(tmp_path / "net.safetensors", DSSA(mahalanobis), PreprocessConfig(size=64))
    start = load_start(path, "cpu")
    assert inheritance(TINY.network, [start]).fresh == ("distance",)  # W and L have one shape, but not one meaning
    assert "distance" in inheritance(mahalanobis, [start]).taken


def test_a_checkpoint_remembers_that_nothing_was_held_out(folder: Path, frames: SampleCache, tmp_path: Path) -> None:
    short = replace(TINY, steps=1)
    whole = train([read_pairs(folder)], short, tmp_path / "whole.safetensors", holdout=False, samples=frames).checkpoint
    later = train(
        [read_pairs(folder)], short, tmp_path / "later.safetensors", start_from=[whole], samples=frames
    ).checkpoint
    clean = train([read_pairs(folder)], short, tmp_path / "clean.safetensors", samples=frames).checkpoint
    assert [load_checkpoint(path).saw_held_out for path in (whole, later, clean)] == [True, True, False]

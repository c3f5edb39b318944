"""Two ranks compute what one process computes, also when one of them is killed on the way."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import index_builder.training.train as training
from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.readers.read import read_pairs
from index_builder.datasets.triplets import Judgement
from index_builder.training.config.presets import Preset
from index_builder.training.data.sample_cache import SampleCache
from index_builder.training.data.samples import SampleSet, prepare
from index_builder.training.ranks.ranks import Ranks
from index_builder.training.run import TrainingRun
from model.checkpoint import load_checkpoint
from model.network.backbones import SketchANet
from model.network.dssa import BACKBONES, NetworkConfig
from model.preprocessing.preprocess import Preprocess, PreprocessConfig
from tests.support.rank_processes import run_ranks
from tests.support.shape_pairs import write_shapes


class SmallTrunk(nn.Sequential):
    """A trunk with batch normalisation that takes no time: (B,8,32,32) -> (B,16,8,8)."""

    reads = "stem"
    channels = 16
    side = 8

    def __init__(self) -> None:
        super().__init__(nn.Conv2d(8, 16, 3, stride=4, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())


SMALL = Preset(
    "batch normalisation, dropout and HOLEF",
    NetworkConfig("orientations", "small", "shortcut", ("coarse", "spatial"), "holef"),
    size=64,
    objective="contrastive-pairs",
    steps=50,
    batch=4,
    autocast=False,
    head_loss=0.3,
    averaging=0.5,
)
OBJECTIVES = {
    "contrastive-pairs": SMALL,
    "human-triplets": replace(SMALL, objective="human-triplets", hard_ratio=1.0),
    "categories": replace(SMALL, objective="categories"),
    "recognition": replace(SMALL, objective="recognition", batch=5),  # shares of 2 and 3 images
}


@pytest.fixture(autouse=True)
def no_small_trunk_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKBONES, "small", SketchANet)


def add_small_trunk() -> None:
    """Make the small trunk known to the process that calls this."""
    BACKBONES["small"] = SmallTrunk  # type: ignore[assignment]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> PairFolder:
    return read_pairs(write_shapes(tmp_path_factory.mktemp("ranks") / "shapes", photos=8))


def take_step(ranks: Ranks, presets: dict[str, Preset], sets: list[SampleSet]) -> dict[str, dict[str, Any]]:
    """Return the loss, the gradients and the batch statistics of each objective's first step."""
    add_small_trunk()
    results = {}
    for name, preset in presets.items():
        run = TrainingRun(preset, 0, "cpu", {}, len(sets), ranks)
        loss = run.train_step(sets)
        parameters = [*run.network.named_parameters(), *run.objective.named_parameters()]
        gradients = {key: value.grad for key, value in parameters if value.grad is not None}
        statistics = {key: value for key, value in run.averaged.named_buffers() if "running" in key}
        results[name] = {"loss": loss, "gradients": gradients, "statistics": statistics}
    return results


def test_a_batch_has_the_gradients_of_one_process_for_every_objective(folder: PairFolder) -> None:
    samples = prepare(folder, Preprocess(PreprocessConfig(size=64))).samples
    judgement = Judgement((("0", "1"), ("2", "3")), ("0", "1", "2", "3"))
    judged = replace(samples[0], judgements=(judgement,) * len(samples[0].sketches))  # its triplet has a third image
    sets = [SampleSet("first", (judged, *samples[1:4])), SampleSet("second", samples[4:])]
    alone, together = take_step(Ranks(), OBJECTIVES, sets), run_ranks(2, take_step, OBJECTIVES, sets)
    for name in OBJECTIVES:
        assert together[name]["loss"] == pytest.approx(alone[name]["loss"], abs=1e-5), name
        for kind in ("gradients", "statistics"):
            assert together[name][kind].keys() == alone[name][kind].keys()
            assert largest_difference(together[name][kind], alone[name][kind]) < 1e-3, name


def largest_difference(values: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> float:
    """Return the largest relative difference of a tensor; one that is almost zero counts as a thousandth of all."""
    norm = torch.stack([tensor.norm() for tensor in expected.values()]).norm()
    pairs = ((tensor, expected[name]) for name, tensor in values.items())
    return max(float((value - other).norm() / (other.norm() + norm / 1000)) for value, other in pairs)


def train_and_record(ranks: Ranks, folder: PairFolder, home: Path, frames: SampleCache, *, killed_at: int) -> None:
    """Train in a folder of the rank's own, and append each loss to a file. The second rank is killed once."""
    add_small_trunk()
    losses, step = home / f"losses-{ranks.rank}", TrainingRun.train_step

    def record(run: TrainingRun, sets: list[SampleSet]) -> float:
        if run.step == killed_at and ranks.rank == 1 and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
            os.kill(os.getpid(), signal.SIGKILL)
        loss = step(run, sets)
        with losses.open("a") as file:
            file.write(f"{run.step} {loss!r}\n")
        return loss

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingRun, "train_step", record)
        patch.setattr(training, "_SAVE_EVERY", 10)
        out = home / f"rank-{ranks.rank}" / "net.safetensors"
        training.train([folder], SMALL, out, samples=frames, ranks=ranks)


def test_a_killed_rank_is_restarted_and_the_run_ends_as_in_one_process(folder: PairFolder, tmp_path: Path) -> None:
    frames = SampleCache()
    homes = [tmp_path / name for name in ("alone", "together")]
    for home in homes:
        home.mkdir()
    work = partial(train_and_record, killed_at=25)
    work(Ranks(), folder, homes[0], frames)
    run_ranks(2, work, folder, homes[1], frames, restarts=1)
    assert {path.name for path in homes[1].iterdir()} == {"losses-0", "losses-1", "rank-0"}  # the first writes alone
    alone = np.loadtxt(homes[0] / "losses-0")
    for rank in range(2):
        steps, losses = np.loadtxt(homes[1] / f"losses-{rank}").T
        assert steps.tolist() == [*range(1, 26), *range(21, 51)]
        np.testing.assert_allclose(losses, alone[steps.astype(int) - 1, 1], rtol=0, atol=1e-4)
    networks = [load_checkpoint(home / "rank-0" / "net.safetensors").network for home in homes]
    for own, other in zip(*(network.parameters() for network in networks), strict=True):
        torch.testing.assert_close(own, other, rtol=0, atol=1e-3)

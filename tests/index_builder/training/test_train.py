from __future__ import annotations

import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from index_builder.datasets.pairs import PairFolder, is_held_out
from index_builder.datasets.readers.read import read_pairs, read_photos
from index_builder.evaluation.evaluate import evaluate
from index_builder.training.config.errors import TrainingError
from index_builder.training.config.presets import PRESETS, find_preset
from index_builder.training.config.run_identity import difference, identify
from index_builder.training.data.augment import augment
from index_builder.training.data.sample_cache import SampleCache
from index_builder.training.data.samples import draw_batch, prepare
from index_builder.training.ranks.ranks import Share
from index_builder.training.train import train
from model.checkpoint import load_checkpoint, save_checkpoint
from model.network.dssa import DSSA
from model.preprocessing.line_drawing import BlankSketchError
from model.preprocessing.preprocess import Preprocess, PreprocessConfig
from tests.support.shape_pairs import write_shapes

pytestmark = pytest.mark.usefixtures("torch_engine")
TINY = replace(
    PRESETS["oriented"],
    network=replace(PRESETS["oriented"].network, heads=("coarse", "stem")),
    steps=6,
    batch=6,
    size=64,
)


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shapes(tmp_path_factory.mktemp("shapes") / "shapes", photos=12)


@pytest.fixture(scope="module")
def folder(shapes: Path) -> PairFolder:
    return read_pairs(shapes)


@pytest.fixture(scope="module")
def frames() -> SampleCache:
    """Share the frames of `folder` between the runs; what is trained on other pictures must not take it."""
    return SampleCache()


def weights(path: Path) -> dict[str, torch.Tensor]:
    return dict(load_checkpoint(path).network.state_dict())


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(a[name], b[name]) for name in a)


def test_training_moves_the_weights_and_w_away_from_i(folder: PairFolder, frames: SampleCache, tmp_path: Path) -> None:
    report = train([folder], TINY, tmp_path / "net.safetensors", samples=frames)
    network = load_checkpoint(report.checkpoint).network
    assert report.steps == 6 and np.isfinite(report.loss) and set(report.validation) == {folder.name}
    assert not torch.equal(network.distance.weight, torch.eye(network.dim))  # type: ignore[arg-type]


def test_a_run_that_was_cut_short_ends_as_if_it_was_not(
    folder: PairFolder, frames: SampleCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train([folder], TINY, tmp_path / "whole.safetensors", samples=frames).checkpoint
    monkeypatch.setattr("index_builder.training.train._SAVE_EVERY", 2)
    cut = tmp_path / "cut.safetensors"
    calls: list[int] = []

    def stop_at_five(frames: torch.Tensor, pieces: torch.Tensor, flips: torch.Tensor, share: Share) -> torch.Tensor:
        calls.append(len(frames))
        if len(calls) == 5:
            raise KeyboardInterrupt
        return augment(frames, pieces, flips, share)

    with monkeypatch.context() as context:
        context.setattr("index_builder.training.run.augment", stop_at_five)
        with pytest.raises(KeyboardInterrupt):
            train([folder], TINY, cut, samples=frames)
    assert not cut.exists() and cut.with_name(cut.name + ".state").exists()
    assert same(weights(train([folder], TINY, cut, samples=frames).checkpoint), weights(whole))


def test_ctrl_c_keeps_the_step_in_progress(
    folder: PairFolder, frames: SampleCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop_at_once(frames: torch.Tensor, pieces: torch.Tensor, flips: torch.Tensor, share: Share) -> torch.Tensor:
        os.kill(os.getpid(), signal.SIGINT)
        return augment(frames, pieces, flips, share)

    out = tmp_path / "net.safetensors"
    monkeypatch.setattr("index_builder.training.run.augment", stop_at_once)
    for step in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            train([folder], TINY, out, samples=frames)
        assert torch.load(out.with_name(out.name + ".state"), weights_only=True)["step"] == step


def test_the_seed_decides(folder: PairFolder, frames: SampleCache, tmp_path: Path) -> None:
    short = replace(TINY, steps=1)
    runs = [
        train([folder], short, tmp_path / f"{n}.safetensors", seed=seed, samples=frames)
        for n, seed in enumerate((0, 0, 1))
    ]
    first, second, other = (weights(run.checkpoint) for run in runs)
    assert same(first, second) and not same(first, other)


def test_the_state_of_another_run_is_refused(folder: PairFolder, frames: SampleCache, tmp_path: Path) -> None:
    short = replace(TINY, steps=1)
    train([folder], short, tmp_path / "net.safetensors", samples=frames)
    with pytest.raises(TrainingError, match="is the state of another run: its seed is 0, expected 5; remove it"):
        train([folder], short, tmp_path / "net.safetensors", seed=5, samples=frames)


def test_folders_in_another_order_are_another_run() -> None:
    actual, expected = {"seed": 0, "data": {"a": "1", "b": "2"}}, {"seed": 0, "data": {"b": "2", "a": "1"}}
    assert difference(actual, actual) is None
    assert difference(actual, expected) == "its data is in the order a, b, expected b, a"


def test_a_state_from_before_recipes_had_a_part_is_of_the_same_run() -> None:
    recorded = identify(TINY, 0, data={"a": "1"})
    assert recorded.pop("styles") == ["served"] and recorded["network"].pop("expert") == "none"
    assert difference(recorded, identify(TINY, 0, data={"a": "1"})) is None
    other = replace(TINY, trunk_rate=1e-4)
    assert difference(recorded, identify(other, 0, data={"a": "1"})) == "its trunk_rate is None, expected 0.0001"


def test_a_run_is_not_resumed_on_other_pictures(shapes: Path, tmp_path: Path) -> None:
    copy, short = shutil.copytree(shapes, tmp_path / "shapes"), replace(TINY, steps=1)
    sketches = sorted((copy / "sketches").iterdir())
    trained = [path for path in sketches if not is_held_out(path.stem.partition("_")[0])]
    out = tmp_path / "net.safetensors"
    before = train([read_pairs(copy)], short, out).checkpoint.read_bytes()
    again = trained[0].read_bytes()
    shutil.copy(trained[-1], trained[0])
    changed = r"its data is \{'shapes': '(.*), pictures .*'\}, expected \{'shapes': '\1, pictures .*'\}; remove it"
    with pytest.raises(TrainingError, match=changed):
        train([read_pairs(copy)], short, out)
    trained[0].write_bytes(again)
    assert train([read_pairs(copy)], short, out).checkpoint.read_bytes() == before


def test_a_damaged_state_is_named(folder: PairFolder, frames: SampleCache, tmp_path: Path) -> None:
    (tmp_path / "net.safetensors.state").write_bytes(b"not a state")
    with pytest.raises(TrainingError, match=r"net\.safetensors\.state is damaged"):
        train([folder], TINY, tmp_path / "net.safetensors", samples=frames)


def test_runs_that_cannot_end_well_do_not_start(folder: PairFolder, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="is a folder, expected a file"):
        train([folder], TINY, tmp_path)
    with pytest.raises(TrainingError, match="two folders are named 'shapes'"):
        train([folder, folder], TINY, tmp_path / "net.safetensors")


def test_a_blank_sketch_is_named(shapes: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(shapes, copy)
    Image.new("L", (64, 64), 255).save(copy / "sketches" / "3_9.png")
    path = save_checkpoint(tmp_path / "net.safetensors", DSSA(TINY.network), PreprocessConfig(size=64))
    with pytest.raises(BlankSketchError, match=r"3_9\.png: sketch is blank"):
        evaluate(read_pairs(copy), load_checkpoint(path))
    with pytest.raises(BlankSketchError, match=r"3_9\.png: sketch is blank"):
        train([read_pairs(copy)], TINY, tmp_path / "other.safetensors")


def test_fine_tuning_starts_from_a_checkpoint(folder: PairFolder, frames: SampleCache, tmp_path: Path) -> None:
    start = save_checkpoint(tmp_path / "start.safetensors", DSSA(TINY.network), PreprocessConfig(size=64))
    gentle = replace(TINY, steps=1, learning_rate=0.0, distance_rate=0.0, weight_decay=0.0)
    tuned = weights(
        train([folder], gentle, tmp_path / "tuned.safetensors", start_from=[start], samples=frames).checkpoint
    )
    learnt = dict(load_checkpoint(start).network.named_parameters())
    assert all(torch.equal(tuned[name], value) for name, value in learnt.items())


@pytest.mark.parametrize("name", ["dssa", "mahalanobis"])
def test_the_papers_presets_train(name: str, folder: PairFolder, frames: SampleCache, tmp_path: Path) -> None:
    preset = replace(find_preset(name, steps=1), batch=2)
    report = train([folder], preset, tmp_path / "net.safetensors", holdout=False, samples=frames)
    assert np.isfinite(report.loss) and report.validation == {}


def test_photos_without_sketches_are_paired_with_their_other_edges(shapes: Path) -> None:
    samples = prepare(read_photos(shapes / "photos"), Preprocess(PreprocessConfig(size=64)))
    assert all(len(sample.edges) == 4 and len(sample.sketches) == 3 for sample in samples.samples)
    assert all(sample.drawn == 0 for sample in samples.samples)


def test_batches_are_aligned_pairs_of_distinct_photos(folder: PairFolder) -> None:
    samples = prepare(folder, Preprocess(PreprocessConfig(size=64)))
    sketches, edges = draw_batch(samples, 100, np.random.default_rng(0))
    assert len(sketches) == len(edges) == len(folder.pairs) == 12
    owners = [next(s.photo_id for s in samples.samples if any(e is edge for e in s.edges)) for edge in edges]
    assert len(set(owners)) == 12
    by_id = {sample.photo_id: sample for sample in samples.samples}
    assert all(any(s is f for f in by_id[owner].sketches) for s, owner in zip(sketches, owners, strict=True))


def test_too_little_to_train_on_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (64, 64), "white").save(tmp_path / "photos" / "a.jpg")
    with pytest.raises(TrainingError, match=r"has 1 pair\(s\) to train on, expected at least 2"):
        train([read_pairs(tmp_path)], TINY, tmp_path / "net.safetensors", holdout=False)


def test_unknown_presets_and_steps_are_named() -> None:
    with pytest.raises(ValueError, match="unknown preset 'big': expected one of base, attention"):
        find_preset("big")
    with pytest.raises(ValueError, match="steps must be at least 1, got 0"):
        find_preset("dssa", 0)


def test_more_sketches_are_trained_on_and_do_not_ask_in_validation(tmp_path: Path) -> None:
    shapes = write_shapes(tmp_path / "shapes", photos=2)
    preprocess = Preprocess(PreprocessConfig(size=64))
    before, other = prepare(read_pairs(shapes), preprocess).samples
    (shapes / "more_sketches").mkdir()
    shutil.copy(shapes / "sketches" / "1_1.png", shapes / "more_sketches" / "0_7.png")
    first = prepare(read_pairs(shapes), preprocess).samples[0]
    assert first.photo_id == "0" and first.drawn == before.drawn == 2
    assert len(first.sketches) == len(before.sketches) + 2  # as it is, and with a thick pen
    for asked, drawn in zip(first.sketches[:2], before.sketches[:2], strict=True):
        np.testing.assert_array_equal(asked.frame, drawn.frame)
    np.testing.assert_array_equal(first.sketches[2].frame, other.sketches[1].frame)

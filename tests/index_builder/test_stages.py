"""Training stages, each by itself and one after the other: interrupted, resumed, and killed at any moment."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.readers.labelled_sketches import LabelledSketches, read_classes
from index_builder.datasets.readers.read import read_pairs, read_photos
from index_builder.datasets.triplets import Judgement
from index_builder.training.config.errors import TrainingError
from index_builder.training.config.presets import PRESETS, Preset
from index_builder.training.data.augment import augment
from index_builder.training.data.sample_cache import SampleCache
from index_builder.training.data.samples import prepare
from index_builder.training.data.training_data import Source
from index_builder.training.ranks.ranks import Share
from index_builder.training.train import train
from model.checkpoint import load_checkpoint, save_checkpoint
from model.network.dssa import DSSA, NetworkConfig
from model.preprocessing.line_drawing import BlankSketchError
from model.preprocessing.preprocess import Preprocess, PreprocessConfig
from tests.support.shape_pairs import write_shapes

pytestmark = pytest.mark.usefixtures("torch_engine")
SMALL = NetworkConfig("orientations", "residual", "none", ("coarse",), "euclidean")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[PairFolder]:
    root = tmp_path_factory.mktemp("stages")
    return [read_pairs(write_shapes(root / name, photos=8, sketches=1)) for name in ("shoes", "chairs")]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[PairFolder]:
    folder = write_shapes(tmp_path_factory.mktemp("stages") / "shop", photos=16, sketches=0)
    return [read_photos(folder / "photos")]


@pytest.fixture(scope="module")
def frames() -> SampleCache:
    """Share the frames of `folders` and `photos` between the runs; other pictures must not take it."""
    return SampleCache()


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> LabelledSketches:
    """Draw circles, and crosses, of several sizes."""
    folder = tmp_path_factory.mktemp("stages") / "drawn"
    for kind in ("circle", "cross"):
        (folder / kind).mkdir(parents=True)
        for n in range(16):
            image, box = Image.new("L", (64, 64), 255), (4 + n, 6, 40 + n, 58 - n)
            pen = ImageDraw.Draw(image)
            if kind == "circle":
                pen.ellipse(box, outline=0, width=2)
            else:
                pen.line(box, fill=0, width=2)
                pen.line((box[0], box[3], box[2], box[1]), fill=0, width=2)
            image.save(folder / kind / f"{n}.png")
    return read_classes(folder)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(4)
    path = tmp_path_factory.mktemp("stages") / "small.safetensors"
    return save_checkpoint(path, DSSA(SMALL), PreprocessConfig(size=64, canny_low=50))


def material(stage: str, folders: list[PairFolder], photos: list[PairFolder], classes: LabelledSketches) -> Source:
    sources: dict[str, Source] = {"recognition": classes, "photo-edges": photos, "categories": folders}
    return sources[stage]


def short(stage: str, steps: int) -> Preset:
    return replace(PRESETS[stage], steps=steps, batch=4)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("stage", ["recognition", "photo-edges", "categories"])
def test_a_stage_trains_the_network_it_starts_from_and_goes_on_where_it_stopped(
    stage: str,
    folders: list[PairFolder],
    photos: list[PairFolder],
    classes: LabelledSketches,
    small: Path,
    frames: SampleCache,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, preset = material(stage, folders, photos, classes), short(stage, 3)
    whole = train(source, preset, tmp_path / "whole.safetensors", start_from=[small], samples=frames)
    checkpoint = load_checkpoint(whole.checkpoint)
    assert (
        checkpoint.network.config == SMALL and checkpoint.preprocess.config == load_checkpoint(small).preprocess.config
    )
    assert whole.inherited is not None and whole.inherited.taken == ("backbone",) and not whole.inherited.fresh
    with monkeypatch.context() as context:
        context.setattr("index_builder.training.run.augment", stop_after_this_step)
        with pytest.raises(KeyboardInterrupt):
            train(source, preset, tmp_path / "cut.safetensors", start_from=[small], samples=frames)
    assert step_of(tmp_path / "cut.safetensors") == 1
    cut = train(source, preset, tmp_path / "cut.safetensors", start_from=[small], samples=frames)
    assert cut.validation == whole.validation and digest(cut.checkpoint) == digest(whole.checkpoint)


def test_stages_follow_one_another(
    folders: list[PairFolder],
    photos: list[PairFolder],
    classes: LabelledSketches,
    small: Path,
    frames: SampleCache,
    tmp_path: Path,
) -> None:
    first = train(classes, short("recognition", 1), tmp_path / "1.safetensors", start_from=[small])
    second = train(
        photos, short("photo-edges", 1), tmp_path / "2.safetensors", start_from=[first.checkpoint], samples=frames
    )
    third = train(
        folders, short("categories", 1), tmp_path / "3.safetensors", start_from=[second.checkpoint], samples=frames
    )
    assert set(first.validation) == {"recognition"} and set(third.validation) == {"categories"}
    assert second.comparison is not None and load_checkpoint(third.checkpoint).network.config == SMALL
    with pytest.raises(TrainingError, match="no weights of the network to start from fit"):
        train(folders, short("dssa", 1), tmp_path / "4.safetensors", start_from=[third.checkpoint], samples=frames)


def test_stages_can_be_skipped(
    folders: list[PairFolder], classes: LabelledSketches, frames: SampleCache, tmp_path: Path
) -> None:
    first = train(classes, short("recognition", 1), tmp_path / "1.safetensors")
    last = train(folders, short("dssa", 1), tmp_path / "4.safetensors", start_from=[first.checkpoint], samples=frames)
    assert last.inherited is not None and last.inherited.taken == ("backbone", "heads.fine")
    assert load_checkpoint(last.checkpoint).network.config == NetworkConfig()
    assert set(last.validation) == {"shoes", "chairs"} and last.comparison is None


def test_the_classifier_is_in_the_state_and_not_in_the_checkpoint(
    classes: LabelledSketches, small: Path, tmp_path: Path
) -> None:
    checkpoint = train(classes, short("recognition", 2), tmp_path / "net.safetensors", start_from=[small]).checkpoint
    state = torch.load(checkpoint.with_name(checkpoint.name + ".state"), weights_only=True)
    assert state["objective"]["classifier.weight"].shape == (2, 256)
    assert load_checkpoint(checkpoint).network.state_dict().keys() == DSSA(SMALL).state_dict().keys()


def test_recognition_recognises(classes: LabelledSketches, small: Path, tmp_path: Path) -> None:
    preset = replace(short("recognition", 90), batch=8, learning_rate=1e-3)  # after 30 rounding decides
    report = train(classes, preset, tmp_path / "net.safetensors", start_from=[small])
    assert report.validation == {"recognition": 100.0}


def test_what_most_people_said_of_a_sketch_is_learnt(tmp_path: Path) -> None:
    folder = write_shapes(tmp_path / "shapes", photos=12, sketches=1)
    triplets = {"7_0": [["7", "8", 2], ["8", "7", 1], ["9", "10", 1], ["10", "9", 1], ["11", "1", 3]]}
    (folder / "triplets.json").write_text(json.dumps(triplets))
    samples = prepare(read_pairs(folder), Preprocess(PreprocessConfig(size=64)))
    said = Judgement((("7", "8"), ("11", "1")), ("1", "10", "11", "7", "8", "9"))  # of 9 and 10 they disagreed
    assert samples.by_id["7"].judgements == (said,) * 2  # as it was drawn, and redrawn thick
    assert all(set(sample.judgements) == {Judgement()} for sample in samples.samples if sample.photo_id != "7")
    network = replace(PRESETS["dssa"].network, stem="orientations", backbone="residual", heads=("coarse",))
    preset = replace(short("dssa", 2), network=network, size=64)
    report = train([read_pairs(folder)], preset, tmp_path / "net.safetensors")
    assert np.isfinite(report.loss)
    (folder / "triplets.json").unlink()
    with pytest.raises(TrainingError, match="is the state of another run"):
        train([read_pairs(folder)], preset, tmp_path / "net.safetensors")


CHILD = """
import sys
from dataclasses import replace
from pathlib import Path
import torch
import index_builder.training.train as train
from index_builder.datasets.readers.read import read_photos
from index_builder.training.config.presets import PRESETS

photos, start, out = map(Path, sys.argv[1:4])
torch.set_num_threads(int(sys.argv[4]))
train._SAVE_EVERY = 2
preset = replace(PRESETS["photo-edges"], steps=20, batch=4)
train.train([read_photos(photos)], preset, out, start_from=[start])
"""


def test_a_run_killed_at_any_moment_ends_in_the_same_file(small: Path, tmp_path: Path) -> None:
    photos, cut = write_shapes(tmp_path / "shop", photos=8, sketches=0) / "photos", tmp_path / "cut.safetensors"
    arguments = [sys.executable, "-c", CHILD, *map(str, (photos, small, cut, torch.get_num_threads()))]
    with subprocess.Popen(arguments, cwd=Path(__file__).parents[2]) as child:
        try:
            while child.poll() is None and not cut.with_name(cut.name + ".state").exists():
                time.sleep(0.005)
            time.sleep(np.random.default_rng().uniform(0, 0.1))
        finally:
            child.kill()
    assert child.returncode == -signal.SIGKILL and not cut.exists()
    assert 2 <= step_of(cut) < 20
    folder, preset = read_photos(photos), short("photo-edges", 20)
    frames = SampleCache()
    whole = train([folder], preset, tmp_path / "whole.safetensors", start_from=[small], samples=frames).checkpoint
    assert digest(train([folder], preset, cut, start_from=[small], samples=frames).checkpoint) == digest(whole)


def test_what_a_stage_cannot_learn_from_is_refused_before_it_is_read(
    folders: list[PairFolder], classes: LabelledSketches, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="got labelled sketches to train on, but human-triplets learns from pairs"):
        train(classes, PRESETS["dssa"], tmp_path / "net.safetensors")
    with pytest.raises(TrainingError, match="got pairs to train on, but recognition learns from labelled sketches"):
        train(folders, PRESETS["recognition"], tmp_path / "net.safetensors")
    with pytest.raises(TrainingError, match="shoes is the only category, expected at least 2"):
        train(folders[:1], PRESETS["categories"], tmp_path / "net.safetensors")


def test_a_blank_labelled_sketch_is_named(tmp_path: Path) -> None:
    for kind in ("cat", "dog"):
        (tmp_path / kind).mkdir()
        Image.new("L", (64, 64), 255).save(tmp_path / kind / "1.png")
    with pytest.raises(BlankSketchError, match=r"cat/1\.png: sketch is blank"):
        train(read_classes(tmp_path), PRESETS["recognition"], tmp_path / "net.safetensors")


def stop_after_this_step(frames: torch.Tensor, pieces: torch.Tensor, flips: torch.Tensor, share: Share) -> torch.Tensor:
    os.kill(os.getpid(), signal.SIGINT)
    return augment(frames, pieces, flips, share)


def step_of(checkpoint: Path) -> int:
    return int(torch.load(checkpoint.with_name(checkpoint.name + ".state"), weights_only=True)["step"])

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from index_builder.cli.main import app
from index_builder.datasets.readers.read import read_pairs
from index_builder.evaluation.evaluate import evaluate
from index_builder.evaluation.protocols import GalleryFrom
from index_builder.experiments.definitions import EXPERIMENTS, Setting, Variant
from index_builder.experiments.errors import ExperimentError
from index_builder.experiments.run import run_experiment
from index_builder.experiments.run_files import Run, describe, gallery_from
from index_builder.training.config.presets import PRESETS
from index_builder.training.data.samples import prepare
from index_builder.training.train import train
from model.checkpoint import load_checkpoint
from tests.support.shape_pairs import write_shapes

pytestmark = pytest.mark.usefixtures("torch_engine")
LOSSES = [variant.preset for variant in EXPERIMENTS["losses"].variants]


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shapes(tmp_path_factory.mktemp("shapes") / "shapes", photos=16, sketches=1)


@pytest.fixture(scope="module")
def setting(shapes: Path) -> Setting:
    return Setting("losses", (read_pairs(shapes),), seeds=1, steps=1, trunk="residual")


@dataclass(frozen=True)
class Resumed:
    """An experiment that was stopped and run again: its saved runs, the calls after that, and its result."""

    out: Path
    saved: list[str]
    before: dict[str, torch.Tensor]
    calls: Counter[str]
    runs: dict[str, list[Run]]


@pytest.fixture(scope="module")
def resumed(setting: Setting, tmp_path_factory: pytest.TempPathFactory) -> Resumed:
    """Run an experiment that is stopped while the third of four runs is measured, and resume it."""
    out = tmp_path_factory.mktemp("out")
    with pytest.MonkeyPatch.context() as context:
        _count_calls(context, stop_at=("evaluate", 3))
        with pytest.raises(KeyboardInterrupt):
            run_experiment(setting, out)
    saved, before = sorted(path.stem for path in (out / "runs").iterdir()), weights(out, LOSSES[2])
    with pytest.MonkeyPatch.context() as context:
        calls = _count_calls(context)
        return Resumed(out, saved, before, calls, run_experiment(setting, out))


def _count_calls(context: pytest.MonkeyPatch, stop_at: tuple[str, int] | None = None) -> Counter[str]:
    """Count how often networks are trained, and folders prepared and measured, from now on."""
    counted: Counter[str] = Counter()

    def counting(name: str, real: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        counted[name] += 1
        if (name, counted[name]) == stop_at:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    modules = (("experiments.run", train), ("training.data.sample_cache", prepare), ("experiments.run", evaluate))
    for module, real in modules:
        context.setattr(f"index_builder.{module}.{real.__name__}", partial(counting, real.__name__, real))
    return counted


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    return _count_calls(monkeypatch)


@pytest.fixture
def done(resumed: Resumed, tmp_path: Path) -> Path:
    """Copy the finished experiment's figures."""
    shutil.copytree(resumed.out / "runs", tmp_path / "done" / "runs")
    return tmp_path / "done"


def weights(out: Path, preset: str) -> dict[str, torch.Tensor]:
    return dict(load_checkpoint(out / "checkpoints" / f"{preset}-0.safetensors").network.state_dict())


def ranks(runs: dict[str, list[Run]]) -> dict[str, list[list[int]]]:
    return {name: [run.searches["shapes"].ranks.tolist() for run in of] for name, of in runs.items()}


def test_a_stopped_experiment_does_only_what_is_missing(resumed: Resumed, setting: Setting) -> None:
    assert resumed.saved == sorted(f"{name}-0" for name in LOSSES[:2])
    # the third is there but for its figures; frames are prepared for the training part and the held-out fifth, once
    assert resumed.calls == {"train": 2, "prepare": 2, "evaluate": 2}
    after = weights(resumed.out, LOSSES[2])
    assert all(torch.equal(after[name], value) for name, value in resumed.before.items())
    assert not list((resumed.out / "checkpoints").glob("*.state"))
    saved = json.loads((resumed.out / "runs" / "dssa-0.json").read_text())["folders"]["shapes"]
    assert saved["acc@1"] == pytest.approx(resumed.runs["dssa"][0].searches["shapes"].acc_at_k(1), abs=0.01)
    assert saved["n_queries"] == len(setting.folders[0].held_out().pairs) == len(ranks(resumed.runs)["dssa"][0])


def test_a_finished_experiment_is_only_read(resumed: Resumed, setting: Setting, calls: Counter[str]) -> None:
    again = run_experiment(setting, resumed.out)
    assert not calls and ranks(again) == ranks(resumed.runs) and list(again) == LOSSES


def test_experiments_share_the_runs_of_one_preset(
    resumed: Resumed, setting: Setting, calls: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = replace(EXPERIMENTS["ablation"], variants=EXPERIMENTS["ablation"].variants[-1:])
    monkeypatch.setitem(EXPERIMENTS, "ablation", full)
    shared = run_experiment(replace(setting, name="ablation"), resumed.out)
    assert not calls and ranks(shared) == {"dssa": ranks(resumed.runs)["dssa"]}


def test_figures_of_another_recipe_data_or_start_are_refused(
    resumed: Resumed, setting: Setting, done: Path, shapes: Path, tmp_path: Path, calls: Counter[str]
) -> None:
    with pytest.raises(ExperimentError, match=r"-0\.json is of another recipe or data: its steps is 1, expected 2"):
        run_experiment(replace(setting, steps=2), done)
    with pytest.raises(ExperimentError, match="its network is "):
        run_experiment(replace(setting, trunk="sketch-a-net"), done)
    start = resumed.out / "checkpoints" / "dssa-0.safetensors"
    with pytest.raises(ExperimentError, match=r"its start_from is None, expected '[0-9a-f]{64}'"):
        run_experiment(replace(setting, start_from=start), done)
    more = shutil.copytree(shapes, tmp_path / "shapes")
    shutil.copy(more / "sketches" / "3_0.png", more / "sketches" / "3_1.png")
    with pytest.raises(
        ExperimentError, match=r"its data is .*16 photos, 16 sketches.*expected .*16 photos, 17 sketches"
    ):
        run_experiment(replace(setting, folders=(read_pairs(more),)), done)
    (done / "runs" / f"{LOSSES[0]}-0.json").write_text('{"identity"')
    with pytest.raises(ExperimentError, match=r"-0\.json is damaged \(JSONDecodeError\): remove it"):
        run_experiment(setting, done)
    assert not calls


@pytest.mark.parametrize(
    ("same", "change"),
    [
        (r"named (\w+)", lambda folder: shutil.copy(folder / "sketches" / "3_0.png", folder / "sketches" / "4_0.png")),
        (r"named (\w+)", lambda folder: shutil.copy(folder / "photos" / "3.jpg", folder / "photos" / "4.jpg")),
        (r"pictures (\w+)", lambda folder: (folder / "triplets.json").write_text('{"3_0": [["3", "4", 1]]}')),
        (r"(\d+) sketches", lambda folder: _more_sketches(folder)),
    ],
)
def test_figures_of_other_pictures_or_triplets_are_refused(
    same: str, change: Callable[[Path], object], setting: Setting, done: Path, shapes: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(shapes, tmp_path / "shapes")
    assert describe([read_pairs(folder)]) == describe(setting.folders)
    change(folder)
    with pytest.raises(ExperimentError, match=f"its data is .*{same}.*expected .*{same}") as caught:
        run_experiment(replace(setting, folders=(read_pairs(folder),)), done)
    assert len(set(re.findall(same, str(caught.value)))) == 1


def _more_sketches(folder: Path) -> None:
    (folder / "more_sketches").mkdir()
    shutil.copy(folder / "sketches" / "3_0.png", folder / "more_sketches" / "3_9.png")


def test_the_trunk_is_exchanged_and_nothing_else(setting: Setting) -> None:
    small, paper = (replace(setting, steps=None, trunk=trunk) for trunk in ("residual", "sketch-a-net"))
    for variant in (v for experiment in EXPERIMENTS.values() for v in experiment.variants):
        preset = PRESETS[variant.preset]
        assert paper.preset(variant) == preset
        network = replace(preset.network, stem="orientations", backbone="residual")
        assert small.preset(variant) == replace(preset, network=network, size=128)


def test_variants_are_as_the_paper_has_them() -> None:
    ablation = [PRESETS[variant.preset].network for variant in EXPERIMENTS["ablation"].variants]
    assert [(n.attention, "coarse" in n.heads, n.distance) for n in ablation] == [
        ("none", False, "euclidean"),
        ("shortcut", False, "euclidean"),
        ("plain", False, "euclidean"),
        ("none", True, "euclidean"),
        ("none", False, "holef"),
        ("shortcut", True, "holef"),
    ]
    losses = [PRESETS[variant.preset] for variant in EXPERIMENTS["losses"].variants]
    assert [preset.network.distance for preset in losses] == ["euclidean", "weighted-euclidean", "mahalanobis", "holef"]
    assert {(p.objective, replace(p.network, distance="")) for p in losses} == {
        ("human-triplets", replace(PRESETS["dssa"].network, distance=""))
    }


def test_unknown_experiments_and_trunks_are_named(setting: Setting, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="unknown experiment 'ablations': expected one of ablation, losses"):
        run_experiment(replace(setting, name="ablations"), tmp_path)
    with pytest.raises(ExperimentError, match="unknown trunk 'big': expected one of sketch-a-net, residual"):
        replace(setting, trunk="big").preset(Variant("base", "base"))


def test_published_edge_maps_are_searched_where_all_photos_have_one(shapes: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(shapes, tmp_path / "copy")
    assert gallery_from(read_pairs(copy)) is GalleryFrom.photos
    shutil.copytree(copy / "photos", copy / "edge_maps")
    folder = read_pairs(copy)
    assert gallery_from(folder) is GalleryFrom.edge_maps
    first, second, *_ = (pair.photo_id for pair in folder.held_out().pairs)
    (copy / "edge_maps" / f"{first}.jpg").unlink()
    assert gallery_from(read_pairs(copy)) is GalleryFrom.photos
    (copy / "photos" / f"{second}.jpg").unlink()
    with pytest.raises(ExperimentError, match="copy has photos and edge maps of different ids"):
        gallery_from(read_pairs(copy))
    shutil.rmtree(copy / "sketches")
    with pytest.raises(ExperimentError, match="copy has no sketches of held-out photos"):
        gallery_from(read_pairs(copy))


def test_the_command_writes_a_table_and_a_plot(done: Path, shapes: Path) -> None:
    line = ["experiment", "losses", "--data", shapes, "--out", done, "--seeds", 1, "--steps", 1, "--trunk", "residual"]
    arguments = [*map(str, line), "--device", "cpu"]
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert list(answer["variants"]) == LOSSES
    assert answer["variants"]["dssa"]["verdict"] == "cannot be told" and "verdict" not in answer["variants"][LOSSES[0]]
    assert Path(answer["table"]) == done / "losses.md" and Path(answer["plot"]) == done / "losses.svg"
    shown = CliRunner().invoke(app, arguments).stdout
    assert shown == (done / "losses.md").read_text() and "One seed does not show" in shown
    assert (done / "losses.svg").read_text().count('id="PathCollection_') == 4  # a variant's dots each


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ablations"], "NAME is 'ablations', expected one of ablation, losses"),
        (["losses", "--trunk", "big"], "--trunk is 'big', expected one of sketch-a-net, residual"),
        (["losses", "--start-from", "/nowhere"], "checkpoint not found: /nowhere"),
    ],
)
def test_wrong_input_is_one_line_and_status_2(arguments: list[str], words: str, shapes: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["experiment", *arguments, "--data", str(shapes), "--out", str(tmp_path)])
    assert result.exit_code == 2 and result.stdout == ""
    assert words in result.stderr.strip().splitlines()[-1]

"""Running an experiment: presets by seeds, each trained and measured on the held-out fifth; what is done is kept."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from index_builder.datasets.pairs import PairFolder
from index_builder.evaluation.evaluate import evaluate
from index_builder.experiments.definitions import Setting
from index_builder.experiments.run_files import Run, describe, gallery_from, machine, read_run, write_run
from index_builder.training.config.presets import Preset
from index_builder.training.config.run_identity import Identity, identify
from index_builder.training.data.samples import SampleSet, prepare
from index_builder.training.train import train
from model.checkpoint import load_checkpoint
from model.preprocessing.preprocess import Preprocess, PreprocessConfig

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Planned:
    """One run: what to train, where its network and its figures go, and what tells it from other runs."""

    name: str
    preset: Preset
    seed: int
    checkpoint: Path
    figures: Path
    identity: Identity


def run_experiment(
    setting: Setting, out: Path, device: str = "cpu", progress: Progress | None = None
) -> dict[str, list[Run]]:
    """Train and measure every variant with every seed: the runs of each preset, in the order of the seeds.

    The figures of a finished run are kept in out/runs/PRESET-SEED.json and its network in out/checkpoints, for all
    experiments: what is there is not done again, and a run that was cut short goes on. Raises ExperimentError when a
    folder cannot be measured on or kept figures are of another recipe or data, and what train() and evaluate() raise.
    """
    planned = _plan(setting, out)
    kept = [read_run(run.figures, run.identity) for run in planned]  # all of them before any work is done
    bars, prepared = progress or Progress(disable=True), _PreparedOnce()
    task = bars.add_task("runs", total=len(planned), completed=sum(run is not None for run in kept))
    runs: dict[str, list[Run]] = {variant.preset: [] for variant in setting.experiment.variants}
    for run, figures in zip(planned, kept, strict=True):
        if figures is None:
            bars.update(task, description=f"runs: {run.name}, seed {run.seed}")
            figures = _carry_out(run, setting, device, bars, prepared)
            bars.advance(task)
            for inner in set(bars.task_ids) - {task}:
                bars.remove_task(inner)
        runs[run.name].append(figures)
    return runs


def _plan(setting: Setting, out: Path) -> list[_Planned]:
    """All variants with the first seed, then all with the next: what a stopped experiment has done can be compared."""
    for folder in setting.folders:
        gallery_from(folder)
    start = load_checkpoint(setting.start_from).sha256 if setting.start_from else None
    data = describe(setting.folders)
    planned = []
    for seed in range(setting.seeds):
        for variant in setting.experiment.variants:
            name, preset = f"{variant.preset}-{seed}", setting.preset(variant)
            checkpoint, figures = out / "checkpoints" / f"{name}.safetensors", out / "runs" / f"{name}.json"
            identity = identify(preset, seed, start_from=start, data=data)
            planned.append(_Planned(variant.preset, preset, seed, checkpoint, figures, identity))
    return planned


def _carry_out(run: _Planned, setting: Setting, device: str, bars: Progress, prepared: _PreparedOnce) -> Run:
    """Train, measure on every folder's held-out fifth, and keep the figures."""
    train(
        setting.folders,
        run.preset,
        run.checkpoint,
        seed=run.seed,
        device=device,
        start_from=setting.start_from,
        progress=bars,
        prepare_folder=prepared,
    )
    network = load_checkpoint(run.checkpoint, device)
    pairs = [pair for folder in setting.folders for pair in folder.held_out().pairs]
    task = bars.add_task("measure", total=len(pairs) + sum(len(pair.sketches) for pair in pairs))
    measured = {
        folder.name: evaluate(
            folder.held_out(), network, gallery_from(folder), advance=lambda count: bars.advance(task, count)
        )
        for folder in setting.folders
    }
    figures = write_run(run.figures, run.identity, machine(device), measured)
    # train()'s state, three times as large as the network, had to stay until the figures were safe
    run.checkpoint.with_name(run.checkpoint.name + ".state").unlink(missing_ok=True)
    accuracy = {name: round(searches.acc_at_k(1), 1) for name, searches in figures.searches.items()}
    _log.info("%s, seed %d, measured: acc@1 %s", run.name, run.seed, json.dumps(accuracy))
    return figures


class _PreparedOnce:
    """prepare(), done once for each folder and preprocessing: an experiment's runs learn from the same frames."""

    def __init__(self) -> None:
        self._sets: dict[tuple[str, tuple[str, ...], PreprocessConfig, bool], SampleSet] = {}

    def __call__(
        self, folder: PairFolder, preprocess: Preprocess, advance: Callable[[], None], unfinished: bool
    ) -> SampleSet:
        key = (folder.name, tuple(pair.photo_id for pair in folder.pairs), preprocess.config, unfinished)
        if key not in self._sets:
            self._sets[key] = prepare(folder, preprocess, advance, unfinished)
        return self._sets[key]

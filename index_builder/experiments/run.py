"""Run of an experiment: presets by seeds, each trained and measured on the held-out fifth.

Finished runs are saved and not repeated.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from index_builder.evaluation.evaluate import evaluate
from index_builder.experiments.definitions import Setting
from index_builder.experiments.run_files import Run, describe, gallery_from, machine, read_run, write_run
from index_builder.training.config.presets import Preset
from index_builder.training.config.run_identity import Identity, identify
from index_builder.training.data.sample_cache import SampleCache
from index_builder.training.train import train
from model.checkpoint import load_checkpoint

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _PlannedRun:
    """One run: its recipe, the paths of its network and figures, and its identity."""

    name: str
    preset: Preset
    seed: int
    checkpoint: Path
    figures: Path
    identity: Identity


def run_experiment(
    setting: Setting, out: Path, device: str = "cpu", progress: Progress | None = None
) -> dict[str, list[Run]]:
    """Train and measure every variant with every seed; return each preset's runs by seed.

    The figures of a finished run are saved in out/runs/PRESET-SEED.json and its network in out/checkpoints, for all
    experiments. Saved runs are not repeated, and an interrupted run resumes.

    Raises ExperimentError for a folder without a usable protocol, and for saved figures of another recipe or data. Also
    the errors of train() and evaluate().
    """
    planned = _plan_runs(setting, out)
    saved = [read_run(run.figures, run.identity) for run in planned]  # all of them before the first training
    bars, samples = progress or Progress(disable=True), SampleCache()
    task = bars.add_task("runs", total=len(planned), completed=sum(run is not None for run in saved))
    runs: dict[str, list[Run]] = {variant.preset: [] for variant in setting.experiment.variants}
    for run, figures in zip(planned, saved, strict=True):
        if figures is None:
            bars.update(task, description=f"runs: {run.name}, seed {run.seed}")
            figures = _train_and_measure(run, setting, device, bars, samples)
            bars.advance(task)
            for inner in set(bars.task_ids) - {task}:
                bars.remove_task(inner)
        runs[run.name].append(figures)
    return runs


def _plan_runs(setting: Setting, out: Path) -> list[_PlannedRun]:
    """Plan all variants with the first seed, then all with the next.

    A stopped experiment then has figures of all variants to compare.
    """
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
            planned.append(_PlannedRun(variant.preset, preset, seed, checkpoint, figures, identity))
    return planned


def _train_and_measure(run: _PlannedRun, setting: Setting, device: str, bars: Progress, samples: SampleCache) -> Run:
    """Train, measure on every folder's held-out fifth, and save the figures."""
    train(
        setting.folders,
        run.preset,
        run.checkpoint,
        seed=run.seed,
        device=device,
        start_from=[setting.start_from] if setting.start_from else [],
        progress=bars,
        samples=samples,
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
    # the training state, three times the network's size, is needed until the figures are saved
    run.checkpoint.with_name(run.checkpoint.name + ".state").unlink(missing_ok=True)
    accuracy = {name: round(searches.acc_at_k(1), 1) for name, searches in figures.searches.items()}
    _log.info("%s, seed %d, measured: acc@1 %s", run.name, run.seed, json.dumps(accuracy))
    return figures

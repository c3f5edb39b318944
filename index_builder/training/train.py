"""Training: pair folders or labelled sketches -> checkpoint, resumable at any moment."""

from __future__ import annotations

import json
import logging
import math
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from rich.progress import Progress

from index_builder.datasets.readers.labelled_sketches import LabelledSketches
from index_builder.training.config.errors import TrainingError
from index_builder.training.config.presets import Preset
from index_builder.training.data.samples import prepare
from index_builder.training.data.training_data import Prepare, Source, TrainingData, load_training_data
from index_builder.training.objectives import find_objective
from index_builder.training.photo_only_check import compare_on_held_out_photos
from index_builder.training.report import TrainingReport
from index_builder.training.run import TrainingRun
from index_builder.training.warm_start import WeightTransfer, inheritance, load_start
from model.checkpoint import Checkpoint, save_checkpoint
from model.preprocessing.preprocess import Preprocess, PreprocessConfig

_log = logging.getLogger(__name__)
_VALIDATE_EVERY = 250
_SAVE_EVERY = 100
_LISTED = 5  # folders whose figures fit beside the progress bar


def train(
    source: Source,
    preset: Preset,
    out: Path,
    seed: int = 0,
    device: str = "cpu",
    holdout: bool = True,
    start_from: Path | None = None,
    progress: Progress | None = None,
    prepare_folder: Prepare = prepare,
) -> TrainingReport:
    """Train the preset on pair folders, or on labelled sketches, and write the checkpoint `out`.

    The state is kept in `out`.state: a run that was cut short goes on from there, one that is finished only writes
    the checkpoint again. With holdout=False the held-out fifth is trained on too and nothing is validated. With
    `start_from` the weights start as those of a checkpoint, as far as they fit. `prepare_folder`
    makes the frames of pair folders, so that several runs can share them. Raises TrainingError, CheckpointError.
    """
    _check(source, preset, out)
    start = load_start(start_from, device) if start_from else None
    before = start.checkpoint if start else None
    recipe, config = _adopted(preset, before)
    inherited = inheritance(recipe.network, start) if start else None
    if inherited is not None:
        _log.info("from %s: %s", start_from, inherited)
    bars = progress or Progress(disable=True)
    prepared = partial(prepare_folder, unfinished=recipe.unfinished > 0)
    material = load_training_data(source, Preprocess(config), holdout, bars, prepared)
    clean = holdout and not (before and before.saw_held_out)
    if holdout and not clean:
        _log.warning("%s had nothing held out: on photos that it saw, figures are no validation", start_from)
    described = {"data": material.described, "holdout": clean, "start_from": start.sha256 if start else None}
    run = TrainingRun(recipe, seed, device, described, len(material.training))
    run.objective.check(material.training)
    run.resume_or_initialise(start, _state_path(out))
    if _is_to_fit_compression(run, inherited):
        run.fit_compression(material.training)
    loss, accuracy = _run_to_the_end(run, material, _state_path(out), bars)
    notes = {"recipe": json.dumps(asdict(recipe)), "seed": str(seed), "training": json.dumps(run.data)}
    save_checkpoint(out, run.averaged, config, notes)
    comparison = None
    if before and before.preprocess.config == config:  # on other frames the two cannot be compared
        comparison = compare_on_held_out_photos(before.network, run.averaged, material.training, material.shop)
    return TrainingReport(out, run.step, loss, accuracy, start_from, inherited, comparison)


def _adopted(preset: Preset, start: Checkpoint | None) -> tuple[Preset, PreprocessConfig]:
    """The recipe with the network, and the preprocessing, that it is for: a stage keeps those it starts from."""
    if start is None or not preset.keeps_network:
        return preset, PreprocessConfig(size=preset.size)
    config = start.preprocess.config
    return replace(preset, network=start.network.config, size=config.size), config


def _is_to_fit_compression(run: TrainingRun, inherited: WeightTransfer | None) -> bool:
    """A compression that was not taken from elsewhere starts as the principal components of what it compresses."""
    fresh = inherited is None or "compression" in inherited.fresh
    return run.step == 0 and run.preset.network.compressed > 0 and fresh


def _run_to_the_end(
    run: TrainingRun, material: TrainingData, state: Path, bars: Progress
) -> tuple[float, dict[str, float]]:
    """All steps that are left; the last loss, and the last validation."""
    total = run.preset.steps
    task = bars.add_task("train", total=total, completed=run.step)
    loss, accuracy = math.nan, run.validate(material.validation)
    with _stops_between_steps() as is_stopped:
        while run.step < total:
            loss = run.train_step(material.training)
            if run.step % _SAVE_EVERY == 0 or run.step == total or is_stopped():
                run.save(state)
            if is_stopped():
                raise KeyboardInterrupt
            if run.step % _VALIDATE_EVERY == 0 or run.step == total:
                accuracy = run.validate(material.validation)
                _log.info("step %d loss %.3f acc@1 %s", run.step, loss, json.dumps(accuracy))
            bars.update(task, completed=run.step, description=f"train: loss {loss:.3f}, acc@1 {_brief(accuracy)}")
    return loss, accuracy


@contextmanager
def _stops_between_steps() -> Iterator[Callable[[], bool]]:
    """Ctrl-C and SIGTERM wait for the step in progress, so that its state can be saved; yields whether one came."""
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = {number: signal.signal(number, lambda n, _: came.append(n)) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _check(source: Source, preset: Preset, out: Path) -> None:
    """What can be refused before anything is read."""
    labelled = isinstance(source, LabelledSketches)
    if find_objective(preset).labelled != labelled:
        given, needed = ("labelled sketches", "pairs") if labelled else ("pairs", "labelled sketches")
        raise TrainingError(f"got {given} to train on, but {preset.objective} learns from {needed}")
    if out.is_dir():
        raise TrainingError(f"--out {out} is a folder, expected a file to write the checkpoint to")
    out.parent.mkdir(parents=True, exist_ok=True)


def _state_path(out: Path) -> Path:
    return out.with_name(out.name + ".state")


def _brief(accuracy: dict[str, float]) -> str:
    if len(accuracy) > _LISTED:
        return f"{sum(accuracy.values()) / len(accuracy):.1f} on average of {len(accuracy)} folders"
    return "  ".join(f"{name} {value:.1f}" for name, value in accuracy.items()) or "not validated"

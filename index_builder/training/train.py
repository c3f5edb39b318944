"""Training: pair folders or labelled sketches -> checkpoint. A run can be interrupted and resumed at any time."""

from __future__ import annotations

import json
import logging
import math
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from rich.progress import Progress

from index_builder.datasets.readers.labelled_sketches import LabelledSketches
from index_builder.training.config.errors import TrainingError
from index_builder.training.config.presets import Preset
from index_builder.training.data.sample_cache import SampleCache
from index_builder.training.data.training_data import Source, TrainingData, load_training_data
from index_builder.training.objectives import find_objective
from index_builder.training.photo_only_check import compare_on_held_out_photos
from index_builder.training.ranks.ranks import Ranks
from index_builder.training.report import TrainingReport
from index_builder.training.run import TrainingRun
from index_builder.training.warm_start import WeightTransfer, inheritance, load_start
from model.checkpoint import Checkpoint, save_checkpoint
from model.preprocessing.preprocess import Preprocess, PreprocessConfig

_log = logging.getLogger(__name__)
_VALIDATE_EVERY = 250
_SAVE_EVERY = 100
_LISTED = 5  # most folders whose figures fit beside the progress bar


def train(
    source: Source,
    preset: Preset,
    out: Path,
    seed: int = 0,
    device: str = "cpu",
    *,
    holdout: bool = True,
    start_from: Sequence[Path] = (),
    progress: Progress | None = None,
    samples: SampleCache | None = None,
    ranks: Ranks = Ranks(),
) -> TrainingReport:
    """Train the preset on pair folders, or on labelled sketches, and write the checkpoint `out`.

    The state is kept in `out`.state, from which an interrupted run resumes. A finished run only writes the checkpoint
    again. Without `holdout` the held-out fifth is training data too and nothing is validated.

    The initial weights are the matching ones of the files `start_from`; later ones replace earlier ones. Each file is a
    checkpoint, or ImageNet weights of a trunk as they were published. Runs that are given the same `samples` share the
    frames of their pair folders.

    Several `ranks` call this with the same arguments. The first one validates and writes all files. Raises
    TrainingError, CheckpointError.
    """
    ranks.from_first(lambda: _check_input(source, preset, out))
    starts = [load_start(path, device) for path in start_from]
    checkpoints = {path: start.checkpoint for path, start in zip(start_from, starts, strict=True) if start.checkpoint}
    before = next(iter(checkpoints.values()), None)
    recipe, config = _adopt_network(preset, before)
    inherited = inheritance(recipe.network, starts) if starts else None
    if inherited is not None:
        _log.info("from %s: %s", " and ".join(map(str, start_from)), inherited)
    bars = progress or Progress(disable=True)
    cache, unfinished = samples or SampleCache(), recipe.unfinished > 0
    data = load_training_data(source, Preprocess(config), bars, cache, unfinished=unfinished, holdout=holdout)
    saw_held_out = [path for path, checkpoint in checkpoints.items() if checkpoint.saw_held_out] if holdout else []
    for path in saw_held_out:
        _log.warning("%s was trained without holding photos out, so figures on them do not validate it", path)
    digests = " ".join(start.sha256 for start in starts) or None
    described = {"data": data.described, "holdout": holdout and not saw_held_out, "start_from": digests}
    run = TrainingRun(recipe, seed, device, described, len(data.training), ranks)
    run.objective.check(data.training)
    run.resume_or_initialise(starts, _state_path(out))
    if _needs_compression_fit(run, inherited):
        run.fit_compression(data.training)
    run.begin_alike()
    loss, accuracy = _run_remaining_steps(run, data, _state_path(out), bars)
    notes = {"recipe": json.dumps(asdict(recipe)), "seed": str(seed), "training": json.dumps(run.data)}
    notes["max_contrast"] = str(recipe.max_contrast)
    ranks.from_first(lambda: save_checkpoint(out, run.averaged, config, notes, half=recipe.half))
    comparison = None
    if before and before.preprocess.config == config:  # the two can only be compared on the same frames
        networks = before.network, run.averaged
        comparison = ranks.from_first(lambda: compare_on_held_out_photos(*networks, data.training, data.shop))
    return TrainingReport(out, run.step, loss, accuracy, tuple(checkpoints), inherited, comparison)


def _adopt_network(preset: Preset, start: Checkpoint | None) -> tuple[Preset, PreprocessConfig]:
    """Return the recipe and the preprocessing of the run.

    An intermediate stage keeps the network and the preprocessing of the checkpoint that it starts from.
    """
    if start is None or not preset.keeps_network:
        return preset, PreprocessConfig(size=preset.size, styles=preset.styles)
    config = start.preprocess.config
    network, limit = start.network.config, start.max_contrast
    return replace(preset, network=network, size=config.size, max_contrast=limit), config


def _needs_compression_fit(run: TrainingRun, inherited: WeightTransfer | None) -> bool:
    """Return whether the compression has to start as the principal components of its input.

    A compression from other weights is kept.
    """
    fresh = inherited is None or "compression" in inherited.fresh
    return run.step == 0 and run.preset.network.compressed > 0 and fresh


def _run_remaining_steps(
    run: TrainingRun, data: TrainingData, state: Path, bars: Progress
) -> tuple[float, dict[str, float]]:
    """Run the remaining steps; return the last loss, and the last validation."""
    total = run.preset.steps
    task = bars.add_task("train", total=total, completed=run.step)
    loss, accuracy = math.nan, run.validate(data.validation)
    with _delay_signals() as is_stopped:
        while run.step < total:
            loss = run.train_step(data.training)
            stopped = run.ranks.is_any(is_stopped())
            if run.step % _SAVE_EVERY == 0 or run.step == total or stopped:
                run.save(state)
            if stopped:
                raise KeyboardInterrupt
            if run.step % _VALIDATE_EVERY == 0 or run.step == total:
                accuracy = run.validate(data.validation)
                _log.info("step %d loss %.3f acc@1 %s", run.step, loss, json.dumps(accuracy))
            bars.update(
                task, completed=run.step, description=f"train: loss {loss:.3f}, acc@1 {_format_accuracy(accuracy)}"
            )
    return loss, accuracy


@contextmanager
def _delay_signals() -> Iterator[Callable[[], bool]]:
    """Delay Ctrl-C and SIGTERM until the end of a step, so that the state can be saved.

    Yields a function that returns whether a signal came.
    """
    signals: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = {
        number: signal.signal(number, lambda n, _: signals.append(n)) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield lambda: bool(signals)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _check_input(source: Source, preset: Preset, out: Path) -> None:
    """Raise TrainingError for input that can be rejected before any data is read."""
    labelled = isinstance(source, LabelledSketches)
    if find_objective(preset).labelled != labelled:
        given, needed = ("labelled sketches", "pairs") if labelled else ("pairs", "labelled sketches")
        raise TrainingError(f"got {given} to train on, but {preset.objective} learns from {needed}")
    if out.is_dir():
        raise TrainingError(f"--out {out} is a folder, expected a file to write the checkpoint to")
    out.parent.mkdir(parents=True, exist_ok=True)


def _state_path(out: Path) -> Path:
    return out.with_name(out.name + ".state")


def _format_accuracy(accuracy: dict[str, float]) -> str:
    """Format the accuracies for the progress bar."""
    if len(accuracy) > _LISTED:
        return f"{sum(accuracy.values()) / len(accuracy):.1f} on average of {len(accuracy)} folders"
    return "  ".join(f"{name} {value:.1f}" for name, value in accuracy.items()) or "not validated"

"""Training: pair folders -> checkpoint, resumable at any moment."""

from __future__ import annotations

import json
import logging
import math
import signal
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.progress import Progress

from index_builder.learner import Learner, TrainingError
from index_builder.pairs import PairFolder
from index_builder.presets import Preset
from index_builder.samples import SampleSet, prepare
from model.checkpoint import save_checkpoint
from model.preprocess import Preprocess, PreprocessConfig

_log = logging.getLogger(__name__)
_VALIDATE_EVERY = 250
_SAVE_EVERY = 100


@dataclass(frozen=True)
class TrainingReport:
    """What a run ended with; validation is acc@1 in percent by pair folder, over its held-out photos."""

    checkpoint: Path
    steps: int
    loss: float
    validation: dict[str, float]


def train(
    folders: Sequence[PairFolder],
    preset: Preset,
    out: Path,
    seed: int = 0,
    device: str = "cpu",
    holdout: bool = True,
    start_from: Path | None = None,
    progress: Progress | None = None,
) -> TrainingReport:
    """Train the preset on pair folders and write the checkpoint `out`.

    The state is kept in `out`.state: a run that was cut short goes on from there, one that is finished only writes
    the checkpoint again. With holdout=False the held-out fifth is trained on too and nothing is validated. With
    `start_from` the weights start as those of a checkpoint of the same network. Raises TrainingError, CheckpointError.
    """
    _check(folders, out)
    preprocess = Preprocess(PreprocessConfig(size=preset.size))
    bars = progress or Progress(disable=True)
    training, validation = _prepare_all(folders, preprocess, holdout, bars)
    run = Learner(preset, seed, device, _described(training, holdout, start_from))
    run.begin(start_from, _state_path(out))
    task = bars.add_task("train", total=preset.steps, completed=run.step)
    loss, accuracy = math.nan, run.validate(validation)
    with _stops_between_steps() as is_stopped:
        while run.step < preset.steps:
            loss = run.advance(training)
            if run.step % _SAVE_EVERY == 0 or run.step == preset.steps or is_stopped():
                run.save(_state_path(out))
            if is_stopped():
                raise KeyboardInterrupt
            if run.step % _VALIDATE_EVERY == 0 or run.step == preset.steps:
                accuracy = run.validate(validation)
                _log.info("step %d loss %.3f acc@1 %s", run.step, loss, json.dumps(accuracy))
            bars.update(task, completed=run.step, description=f"train: loss {loss:.3f}, acc@1 {_brief(accuracy)}")
    notes = {"recipe": json.dumps(asdict(preset)), "seed": str(seed), "training": json.dumps(run.data)}
    save_checkpoint(out, run.network, preprocess.config, notes)
    return TrainingReport(out, run.step, loss, accuracy)


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


def _check(folders: Sequence[PairFolder], out: Path) -> None:
    names = [folder.name for folder in folders]
    if twice := [name for name in names if names.count(name) > 1]:
        raise TrainingError(
            f"two folders are named {twice[0]!r}: expected distinct names, figures are reported by them"
        )
    if out.is_dir():
        raise TrainingError(f"--out {out} is a folder, expected a file to write the checkpoint to")
    out.parent.mkdir(parents=True, exist_ok=True)


def _prepare_all(
    folders: Sequence[PairFolder], preprocess: Preprocess, holdout: bool, bars: Progress
) -> tuple[list[SampleSet], list[SampleSet]]:
    """Training sets of all folders, and validation sets of those that have sketches."""
    training = [folder.training() if holdout else folder for folder in folders]
    validation = [folder.held_out() for folder in folders] if holdout else []
    validation = [folder for folder in validation if any(pair.sketches for pair in folder.pairs)]
    task = bars.add_task("read", total=sum(len(f.pairs) for f in training + validation))
    prepared = [prepare(folder, preprocess, lambda: bars.advance(task)) for folder in training + validation]
    usable = [SampleSet(s.name, tuple(x for x in s.samples if x.sketches)) for s in prepared[: len(training)]]
    for samples in usable:
        if len(samples.samples) < 2:
            raise TrainingError(f"{samples.name} has {len(samples.samples)} pair(s) to train on, expected at least 2")
    return usable, prepared[len(training) :]


def _described(sets: Sequence[SampleSet], holdout: bool, start_from: Path | None) -> dict[str, Any]:
    """What, beside preset and seed, tells one run from another."""
    return {
        "data": {samples.name: _fingerprint(samples) for samples in sets},
        "holdout": holdout,
        "start_from": start_from.name if start_from else None,
    }


def _fingerprint(samples: SampleSet) -> str:
    """How many samples there are, and a checksum of their ids."""
    ids = "\n".join(sample.photo_id for sample in samples.samples)
    return f"{len(samples.samples)} samples, {zlib.crc32(ids.encode()):08x}"


def _state_path(out: Path) -> Path:
    return out.with_name(out.name + ".state")


def _brief(accuracy: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.1f}" for name, value in accuracy.items()) or "not validated"

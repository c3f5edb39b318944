"""Choosing a gallery's index by measuring kinds of it on the gallery itself; the choice goes into the index's manifest.

What is looked for is the fastest search that finds enough of HOLEF's ten nearest photos and takes far less memory than
Flat. Kinds are tried from the likeliest on, and none is begun after _SECONDS.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.progress import Progress

from app.gallery.checkpoint_store import checkpoint_file
from app.gallery.gallery import Gallery
from app.gallery.index_choice import record_choice, take_back
from app.gallery.index_manifest import Choice
from app.gallery.layout import INDEX, catalogue_of
from app.index.index_spec import Tuning
from app.index.metric_forms import form_for
from app.index.snapshot import join
from index_builder.gallery.tuning.queries import like_sketches, sketches_of
from index_builder.gallery.tuning.trials import Trial, TrialBench
from model.checkpoint import Checkpoint, load_checkpoint
from model.network.distances import Distance

_LEAST = 10_000  # photos: Flat goes through fewer within about as long as a sketch takes to be embedded
_MEMORY = 0.3  # of Flat's
_SECONDS = 900.0
_MOST_LISTS = 4096  # more take longer to train than they save


class TuneError(ValueError):
    """A gallery cannot be tuned, or not so."""


@dataclass(frozen=True)
class TuneReport:
    """What was chosen for how many photos, what it was measured with, and all that was tried."""

    photos: int
    queries: str  # "sketches" or "photos"
    chosen: Trial
    tried: tuple[Trial, ...]


def tune(
    directory: Path,
    target: float,
    data: Sequence[Path] = (),
    progress: Progress | None = None,
    catalogue_url: str | None = None,
) -> TuneReport:
    """Choose and make the index of a gallery that finds a share `target` of the ten nearest photos.

    `data` names data sets whose sketches are searched for; without, embeddings of the gallery are distorted as sketches
    are. Nothing is changed unless the target is reached. Raises TuneError when it is not, for a target that cannot
    be, and for a gallery so small that Flat is right; and what opening the gallery raises.
    """
    if not 0 < target <= 1:
        raise TuneError(f"target recall is {target}: expected a share above 0 and at most 1, such as 0.99")
    catalogue = catalogue_of(directory, catalogue_url)
    with closing(catalogue):
        checkpoint = load_checkpoint(checkpoint_file(directory, catalogue.state().checkpoint))
        gallery = Gallery.open(directory, checkpoint, catalogue)
        report, revision = _measure(gallery, checkpoint, target, data, progress)
        if report.chosen.recall < target:
            raise TuneError(
                f"no index found {target} of the nearest photos, {report.chosen.factory} most with "
                f"{report.chosen.recall:.4f}: the gallery is as it was; expected a lower target"
            )
        if report.chosen.time >= 1:
            raise TuneError(
                f"no index that finds {target} of the nearest photos is faster than Flat: {report.chosen.factory} has "
                f"{report.chosen.time:.2f} of its time, so the gallery is as it was; expected more photos"
            )
        before = catalogue.state().factory
        choice = Choice(report.chosen.factory, _tuning(report, target, revision, checkpoint))
        try:
            record_choice(directory / INDEX, choice, catalogue)
            gallery.save()
        except BaseException:
            take_back(directory / INDEX, choice, catalogue, before)
            raise
    return report


def _measure(
    gallery: Gallery, checkpoint: Checkpoint, target: float, data: Sequence[Path], progress: Progress | None
) -> tuple[TuneReport, int]:
    """What to choose, and of which revision that holds."""
    snapshot = gallery.snapshot
    if snapshot.photos < _LEAST:
        raise TuneError(
            f"the gallery has {snapshot.photos} photos: expected at least {_LEAST}, since Flat is right for fewer, "
            "exact and fast enough"
        )
    embeddings = join(snapshot.parts, gallery.directory / INDEX).segment.embeddings
    queries = sketches_of(data, checkpoint) if data else like_sketches(embeddings)
    bench = TrialBench(checkpoint.network.distance.cpu(), embeddings, queries)
    tried = try_all(bench, factories_for(checkpoint.network.distance, len(embeddings)), target, progress)
    kind = "sketches" if data else "photos"
    return TuneReport(len(embeddings), kind, best_of(tried, target), tried), snapshot.revision


def try_all(
    bench: TrialBench, factories: Sequence[str], target: float, progress: Progress | None = None
) -> tuple[Trial, ...]:
    """Trials of kinds of index, at least one; none is begun after a quarter of an hour. Shows a bar."""
    task = progress.add_task("Tuning", total=len(factories)) if progress else None
    started, tried = time.monotonic(), list[Trial]()
    for factory in factories:
        if progress and task is not None:
            progress.update(task, description=f"Trying {factory}")
        if not tried or time.monotonic() - started < _SECONDS:
            tried.append(bench.trial(factory, target))
        if progress and task is not None:
            progress.advance(task)
    return tuple(tried)


def best_of(tried: Sequence[Trial], target: float) -> Trial:
    """The fastest that finds enough, of small ones if there are any; else the one that finds most."""
    enough = [one for one in tried if one.recall >= target]
    small = [one for one in enough if one.memory <= _MEMORY]
    if not enough:
        return max(tried, key=lambda one: one.recall)
    return min(small or enough, key=lambda one: one.time)


def factories_for(distance: Distance, photos: int) -> list[str]:
    """Kinds of index for a number of photos, the likeliest first.

    That is product quantisation in four bits for two dimensions, whose tables FAISS holds in the processor's registers:
    what the rounding puts in the wrong order, the exact distances to the candidates put right.
    """
    lists = min(_MOST_LISTS, 2 ** round(np.log2(np.sqrt(photos))))
    dim = form_for(distance, "SQ8").dim
    parts = next(parts for parts in range(dim // 2, 0, -1) if dim % parts == 0)
    return [f"IVF{lists},PQ{parts}x4fs", f"IVF{2 * lists},PQ{parts}x4fs", f"IVF{lists},SQ8", "SQ8"]


def _tuning(report: TuneReport, target: float, revision: int, checkpoint: Checkpoint) -> Tuning:
    one = report.chosen
    return Tuning(
        one.parameters, one.training, one.n_candidates, one.recall, target, report.queries, revision, checkpoint.sha256
    )

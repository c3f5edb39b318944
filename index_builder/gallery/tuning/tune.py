"""Choice of a gallery's index by measuring kinds of it on the gallery. The index's manifest records the choice.

The best index is the fastest one that reaches the target recall of the ten nearest photos and takes far less memory
than Flat. The most promising kinds are measured first. No measurement is begun after _SECONDS.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.progress import Progress

from app.gallery.gallery import Gallery
from app.gallery.layout import INDEX, GalleryLocation
from app.gallery.local_index.index_choice import record_choice, take_back
from app.gallery.local_index.index_manifest import Choice
from app.gallery.local_index.local_index import LocalIndex
from app.gallery.open_gallery import open_gallery
from app.index.index_spec import Tuning
from app.index.metric_forms import form_for
from app.index.part import join
from index_builder.gallery.tuning.queries import like_sketches, sketches_of
from index_builder.gallery.tuning.trials import Trial, TrialBench
from model.checkpoint import Checkpoint
from model.network.distances import Distance

_LEAST = 10_000  # photos; Flat scans fewer in about the time that embedding a sketch takes
_MEMORY = 0.3  # share of Flat's memory
_SECONDS = 900.0
_MOST_LISTS = 4096  # more take longer to train than they save


class TuneError(ValueError):
    """Tuning that is impossible for a gallery, or for the given target."""


@dataclass(frozen=True)
class TuneReport:
    """Outcome of a tuning: the number of photos, the kind of queries, the choice, and all trials."""

    photos: int
    queries: str  # "sketches" or "photos"
    chosen: Trial
    tried: tuple[Trial, ...]


def tune(
    location: GalleryLocation,
    target: float,
    data: Sequence[Path] = (),
    progress: Progress | None = None,
) -> TuneReport:
    """Choose and build the index of a gallery that finds a share `target` of the ten nearest photos.

    `data` names data sets whose sketches are the queries. Without them, embeddings of the gallery are distorted to
    resemble sketches. Nothing is changed unless the target is reached. Raises TuneError if the target is not reached
    or invalid, or if the gallery is so small that Flat suits it. Errors of opening the gallery are passed on.
    """
    if not 0 < target <= 1:
        raise TuneError(f"target recall is {target}: expected a share above 0 and at most 1, such as 0.99")
    directory = location.directory
    checkpoint, gallery = open_gallery(location, "cpu")
    with closing(gallery.catalogue) as catalogue:
        report, revision = _measure(gallery, checkpoint, target, data, progress)
        if report.chosen.recall < target:
            raise TuneError(
                f"no index found {target} of the nearest photos; the best, {report.chosen.factory}, found "
                f"{report.chosen.recall:.4f}: the gallery is unchanged; expected a lower target"
            )
        if report.chosen.time >= 1:
            raise TuneError(
                f"no index with recall {target} is faster than Flat: {report.chosen.factory} needs "
                f"{report.chosen.time:.2f} of its time; the gallery is unchanged; expected more photos"
            )
        before = catalogue.state().factory
        choice = Choice(report.chosen.factory, _build_tuning(report, target, revision, checkpoint))
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
    """Measure kinds of index. Returns the report and the catalogue's revision that it holds for."""
    if not isinstance(gallery.index, LocalIndex):
        raise TuneError("the gallery is searched by Milvus, which has settings of its own: expected an index of FAISS")
    snapshot = gallery.index.snapshot
    if snapshot.photos < _LEAST:
        raise TuneError(
            f"the gallery has {snapshot.photos} photos: expected at least {_LEAST}; for fewer photos, the Flat "
            "index is exact and fast enough"
        )
    parts = [replace(part, mirror=None) for part in snapshot.parts]  # it is tuned by the photos alone
    embeddings = join(parts, gallery.directory / INDEX).segment.embeddings
    queries = sketches_of(data, checkpoint) if data else like_sketches(embeddings)
    bench = TrialBench(checkpoint.network.distance.cpu(), embeddings, queries)
    tried = try_all(bench, factories_for(checkpoint.network.distance, len(embeddings)), target, progress)
    kind = "sketches" if data else "photos"
    return TuneReport(len(embeddings), kind, best_of(tried, target), tried), snapshot.revision


def try_all(
    bench: TrialBench, factories: Sequence[str], target: float, progress: Progress | None = None
) -> tuple[Trial, ...]:
    """Measure kinds of index, at least the first of them. No measurement is begun after _SECONDS. Shows a bar."""
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
    """Return the fastest trial with enough recall, preferably a small one, or else the one with the most recall."""
    sufficient = [trial for trial in tried if trial.recall >= target]
    small = [trial for trial in sufficient if trial.memory <= _MEMORY]
    if not sufficient:
        return max(tried, key=lambda trial: trial.recall)
    return min(small or sufficient, key=lambda trial: trial.time)


def factories_for(distance: Distance, photos: int) -> list[str]:
    """Return kinds of index for a number of photos, the most promising first.

    That is product quantisation of two dimensions to four bits, whose tables FAISS keeps in processor registers. The
    exact re-ranking of the candidates corrects the order that quantisation changed.
    """
    lists = min(_MOST_LISTS, 2 ** round(np.log2(np.sqrt(photos))))
    dim = form_for(distance, "SQ8").dim
    parts = next(parts for parts in range(dim // 2, 0, -1) if dim % parts == 0)
    return [f"IVF{lists},PQ{parts}x4fs", f"IVF{2 * lists},PQ{parts}x4fs", f"IVF{lists},SQ8", "SQ8"]


def _build_tuning(report: TuneReport, target: float, revision: int, checkpoint: Checkpoint) -> Tuning:
    return Tuning(
        parameters=report.chosen.parameters,
        training=report.chosen.training,
        n_candidates=report.chosen.n_candidates,
        recall=report.chosen.recall,
        target=target,
        queries=report.queries,
        revision=revision,
        checkpoint=checkpoint.sha256,
    )

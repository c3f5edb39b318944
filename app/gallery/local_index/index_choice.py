"""Choices of `sketchfind tune`: kind and tuning of a gallery's index, recorded in the manifest before it is built."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from app.catalogue.catalogue import Catalogue
from app.core.process_lock import process_lock
from app.gallery.local_index.index_manifest import (
    LOCK,
    Choice,
    IndexManifest,
    UnusableIndexError,
    read_manifest,
    write_manifest,
)
from app.index.index_spec import IndexSpec, Tuning
from app.index.metric_forms import form_for
from model.network.distances import Distance

_log = logging.getLogger(__name__)


def last_choice(directory: Path) -> Choice | None:
    """Return the last choice, or None. The other files of the index may be outdated or damaged."""
    try:
        return read_manifest(directory).chosen
    except UnusableIndexError:
        return None


def saved_tuning(directory: Path, factory: str) -> Tuning | None:
    """Return the last tuning chosen for a kind of index, or None, also when the manifest cannot be read."""
    try:
        return read_manifest(directory).tuning_for(factory)
    except UnusableIndexError:
        return None


def tuned_spec(directory: Path, factory: str, distance: Distance) -> IndexSpec:
    """Return how to build an index of a kind in a directory: with its last tuning, unless that is invalid."""
    spec = IndexSpec(factory, saved_tuning(directory, factory), directory)
    try:
        check_tuning(spec, distance)
    except UnusableIndexError as error:
        _log.warning("the tuning of the index in %s is ignored: %s", directory, error)
        return replace(spec, tuning=None)
    return spec


def check_tuning(spec: IndexSpec, distance: Distance) -> None:
    """Check that a kind of index has the parameters of its tuning: `nprobe`, for example, needs inverted lists.

    Raises UnusableIndexError.
    """
    if spec.tuning is None:
        return
    try:
        form = form_for(distance, spec.factory)
        spec.make(form.dim, form.metric)
    except ValueError as error:
        raise UnusableIndexError(f"its tuning is invalid ({error})") from None


def record_choice(directory: Path, choice: Choice, catalogue: Catalogue) -> None:
    """Make every process build the index as chosen, when it saves the index next or starts next.

    The choice takes effect when the catalogue names its kind of index. If the process is killed before, the previous
    choice stays in effect. Raises OSError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    state = catalogue.state()
    # others must not save an index between the two steps: that ends a choice
    with process_lock(directory / LOCK, blocking=True):
        try:
            manifest = read_manifest(directory)
        except UnusableIndexError:  # nothing to preserve
            manifest = IndexManifest(
                identity=state.identity,
                revision=0,
                checkpoint=str(state.checkpoint),
                dim=state.dim or 0,
                factory=state.factory,
                count=0,
                files={},
            )
        write_manifest(directory, replace(manifest, choice=choice))
        catalogue.set_factory(choice.factory)


def take_back(directory: Path, choice: Choice, catalogue: Catalogue, factory: str) -> None:
    """Withdraw a choice: return to the kind of index before it, unless it was built or another choice followed."""
    if catalogue.state().factory == choice.factory:
        catalogue.set_factory(factory)
    with process_lock(directory / LOCK, blocking=True), suppress(UnusableIndexError):
        manifest = read_manifest(directory)
        if manifest.choice == choice:
            write_manifest(directory, replace(manifest, choice=None))

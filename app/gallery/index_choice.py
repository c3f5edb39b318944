"""How `sketchfind tune` chose that a gallery's index is to be made: noted in the manifest before it is made so."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from app.catalogue.catalogue import Catalogue
from app.core.process_lock import process_lock
from app.gallery.index_manifest import LOCK, Choice, IndexManifest, UnusableIndexError, read_manifest, write_manifest
from app.index.index_spec import IndexSpec, Tuning
from app.index.metric_forms import form_for
from model.network.distances import Distance

_log = logging.getLogger(__name__)


def last_choice(directory: Path) -> Choice | None:
    """What was tuned last, as the manifest says, however old or damaged the other files are."""
    try:
        return read_manifest(directory).chosen
    except UnusableIndexError:
        return None


def saved_tuning(directory: Path, factory: str) -> Tuning | None:
    """What was chosen last for a kind of index; None, too, where the manifest cannot be read."""
    try:
        return read_manifest(directory).tuning_for(factory)
    except UnusableIndexError:
        return None


def tuned_recipe(directory: Path, factory: str, distance: Distance) -> IndexSpec:
    """How an index of a kind is to be made in a directory: as it was tuned last, if it can be."""
    recipe = IndexSpec(factory, saved_tuning(directory, factory), directory)
    try:
        check_tuning(recipe, distance)
    except UnusableIndexError as error:
        _log.warning("the index in %s is made as if it had not been tuned: %s", directory, error)
        return replace(recipe, tuning=None)
    return recipe


def check_tuning(recipe: IndexSpec, distance: Distance) -> None:
    """Raises UnusableIndex when a kind of index has not what its tuning sets, such as `nprobe` without any lists."""
    if recipe.tuning is None:
        return
    try:
        form = form_for(distance, recipe.factory)
        recipe.make(form.dim, form.metric)
    except ValueError as error:
        raise UnusableIndexError(f"its tuning makes no sense ({error})") from None


def record_choice(directory: Path, choice: Choice, catalogue: Catalogue) -> None:
    """Have every process make the index as chosen from now on: when it saves it next, or at its next start.

    Killed at any moment, this leaves an index that is made as it was tuned before, or as it is now: the choice counts
    once the catalogue names its kind of index. Raises OSError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    state = catalogue.state()
    # others must not save an index between the two steps: that ends a choice
    with process_lock(directory / LOCK, blocking=True):
        try:
            manifest = read_manifest(directory)
        except UnusableIndexError:  # there is nothing to be kept
            manifest = IndexManifest(state.identity, 0, str(state.checkpoint), state.dim or 0, state.factory, 0, {})
        write_manifest(directory, replace(manifest, choice=choice))
        catalogue.set_factory(choice.factory)


def take_back(directory: Path, choice: Choice, catalogue: Catalogue, factory: str) -> None:
    """Return to the kind of index before a choice, if that was not made and no other one has followed."""
    if catalogue.state().factory == choice.factory:
        catalogue.set_factory(factory)
    with process_lock(directory / LOCK, blocking=True), suppress(UnusableIndexError):
        manifest = read_manifest(directory)
        if manifest.choice == choice:
            write_manifest(directory, replace(manifest, choice=None))

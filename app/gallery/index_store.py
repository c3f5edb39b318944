"""A gallery's index on disk: three arrays and a manifest that vouches for them. Deleting them is always safe.

The arrays are written first, each under a temporary name, and the manifest last. An index counts only if its
manifest agrees in every word with the catalogue and with the files.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from app.core.atomic_files import sha256_of, write_atomically
from app.core.process_lock import process_lock
from app.database.state import CatalogueState
from app.gallery.index_choice import check_tuning, last_choice
from app.gallery.index_manifest import (
    FORMAT,
    LOCK,
    MANIFEST,
    Choice,
    IndexManifest,
    UnusableIndexError,
    read_manifest,
    write_manifest,
)
from app.index.index_spec import IndexSpec
from app.index.segment import Segment
from model.network.distances import Distance

_MAPPED: int = getattr(faiss, "IO_FLAG_MMAP_IFC", 0)  # older FAISS reads the file into memory


class OutdatedIndexError(UnusableIndexError):
    """The files may be whole, but they were made from something else."""


class UntimelyTuningError(OSError):
    """An index was made as it was tuned before, and has been tuned anew meanwhile."""


def save_index(
    directory: Path,
    segment: Segment,
    revision: int,
    state: CatalogueState,
    recipe: IndexSpec,
    expected: Choice | None = None,
) -> Segment:
    """Write a segment that holds all products as of `revision`, made by a recipe; returns it as it lies in the files.

    `expected` is what last_choice() was before the recipe was read. Raises OSError, and UntimelyTuning when it is not
    that any more.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with process_lock(directory / LOCK, blocking=True):
        if last_choice(directory) != expected:
            raise UntimelyTuningError(f"the index in {directory} was tuned while another one was made: try again")
        _save(directory, segment, revision, state, recipe)
        return _open_files(directory, revision, segment.distance)


def _save(directory: Path, segment: Segment, revision: int, state: CatalogueState, recipe: IndexSpec) -> None:
    writers: dict[str, Callable[[Path], object]] = {
        f"{revision}.faiss": lambda path: _save_faiss(path, segment.index),
        f"{revision}.embeddings.npy": lambda path: _save_array(path, segment.embeddings),
        f"{revision}.revisions.npy": lambda path: _save_array(path, segment.revisions),
    }
    files = {name: write_atomically(directory / name, write) for name, write in writers.items()}
    manifest = IndexManifest(
        state.identity,
        revision,
        str(state.checkpoint),
        segment.distance.dim,
        recipe.factory,
        len(segment),
        files,
        recipe.tuning,
    )
    write_manifest(directory, manifest)
    for path in directory.iterdir():
        if path.name not in files and path.name not in (MANIFEST, LOCK):
            path.unlink(missing_ok=True)


def load_index(directory: Path, distance: Distance, state: CatalogueState) -> tuple[Segment, int]:
    """The saved segment and its revision. Raises UnusableIndex unless manifest, files and catalogue agree."""
    manifest = read_manifest(directory)
    _check_manifest(manifest, distance, state)
    check_tuning(IndexSpec(manifest.factory, manifest.tuning), distance)
    try:
        _check_files(directory, manifest)
        segment = _open_files(directory, manifest.revision, distance)
    except (OSError, ValueError, RuntimeError) as error:
        raise UnusableIndexError(f"its files cannot be read ({error})") from None
    rows = segment.index.ntotal
    if not rows == len(segment.embeddings) == len(segment) == manifest.count:
        raise UnusableIndexError(f"its files hold {rows} rows: expected {manifest.count}")
    return segment, manifest.revision


def _open_files(directory: Path, revision: int, distance: Distance) -> Segment:
    """The files as they lie there: what is searched of them is in memory once, for however many processes."""
    stem = directory / str(revision)
    embeddings = np.load(f"{stem}.embeddings.npy", mmap_mode="r")
    revisions = np.load(f"{stem}.revisions.npy")
    return Segment(embeddings, revisions, faiss.read_index(f"{stem}.faiss", _MAPPED), distance)


def _check_manifest(manifest: IndexManifest, distance: Distance, state: CatalogueState) -> None:
    expected = (FORMAT, state.identity, state.checkpoint, distance.dim, state.factory)
    found = (manifest.format, manifest.identity, manifest.checkpoint, manifest.dim, manifest.factory)
    names = ("format", "catalogue", "checkpoint", "dimension", "factory")
    for name, value, other in zip(names, found, expected, strict=True):
        if value != other:
            raise OutdatedIndexError(f"its {name} is {value}: expected {other}")
    if manifest.revision > state.revision:
        raise OutdatedIndexError(f"its revision is {manifest.revision}: the catalogue is only at {state.revision}")
    if manifest.tuning != manifest.tuning_for(state.factory):
        raise OutdatedIndexError("it has been tuned since it was made")


def _check_files(directory: Path, manifest: IndexManifest) -> None:
    expected = {f"{manifest.revision}.{kind}" for kind in ("faiss", "embeddings.npy", "revisions.npy")}
    if set(manifest.files) != expected:
        raise UnusableIndexError(f"its manifest lists {sorted(manifest.files)}: expected {sorted(expected)}")
    for name, sha256 in manifest.files.items():
        if not (directory / name).is_file():
            raise UnusableIndexError(f"there is no file {name}")
        found = sha256_of(directory / name)
        if found != sha256:
            raise UnusableIndexError(f"{name} has SHA-256 {found}: expected {sha256}")


def _save_faiss(path: Path, index: Any) -> None:
    try:
        faiss.write_index(index, str(path))
    except RuntimeError as error:  # what FAISS makes of a full disk
        raise OSError(f"FAISS cannot write {path}: {str(error).rpartition('failed: ')[2]}") from None


def _save_array(path: Path, array: NDArray[Any]) -> None:
    with path.open("wb") as file:  # np.save on a name would add a suffix
        np.save(file, array, allow_pickle=False)

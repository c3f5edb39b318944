"""Saved index of a gallery: array files and a manifest. Deleting them is always safe.

The arrays are written first, each atomically, and the manifest last. An index is used only if its manifest agrees with
the catalogue and with the hashes of the files.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from app.core.atomic_files import sha256_of, write_atomically
from app.core.process_lock import process_lock
from app.database.state import CatalogueState
from app.gallery.local_index.index_choice import check_tuning, last_choice
from app.gallery.local_index.index_manifest import (
    FORMAT,
    LOCK,
    MANIFEST,
    Choice,
    IndexManifest,
    UnusableIndexError,
    read_manifest,
    write_manifest,
)
from app.index.exact_scan import read_flat_keys
from app.index.index_spec import IndexSpec
from app.index.part import Part
from app.index.segment import Segment
from model.network.distances import Distance

_SIDES = ("", "mirrored.")  # in the names of files: photos, and their mirror images if these are embedded too

_faiss: Any = faiss  # its annotations come from C++ and are wrong
_PADDING = bytes(19)  # before FAISS's header of 45 bytes: the keys of a Flat index begin at a multiple of 64 bytes


class OutdatedIndexError(UnusableIndexError):
    """Index files that may be intact, but were made from another state of the catalogue."""


class UntimelyTuningError(OSError):
    """Index that was built with a tuning which has been replaced meanwhile."""


def save_index(
    directory: Path,
    whole: Part,
    revision: int,
    state: CatalogueState,
    spec: IndexSpec,
    expected: Choice | None = None,
) -> Part:
    """Write a part with all products as of `revision`, built by `spec`. Returns the part mapped from its files.

    `expected` is the result of last_choice() before `spec` was read. Raises OSError, and UntimelyTuningError when the
    last choice is another one by now.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with process_lock(directory / LOCK, blocking=True):
        if last_choice(directory) != expected:
            raise UntimelyTuningError(f"the index in {directory} was tuned while another one was made: try again")
        _write_files(directory, whole, revision, state, spec)
        return _open_files(directory, revision, whole.segment.distance, is_mirrored=state.is_mirrored)


def _write_files(directory: Path, whole: Part, revision: int, state: CatalogueState, spec: IndexSpec) -> None:
    """Write the files of an index and its manifest, and remove those of older ones. Raises OSError."""
    segment = whole.segment
    writers: dict[str, Callable[[Path], object]] = {
        f"{revision}.revisions.npy": lambda path: _save_array(path, segment.revisions)
    }
    for name, side in zip(_SIDES, whole.segments, strict=False):
        writers[f"{revision}.{name}faiss"] = partial(save_faiss, index=side.index)
        writers[f"{revision}.{name}embeddings.npy"] = partial(_save_array, array=side.embeddings)
    files = {name: write_atomically(directory / name, write) for name, write in writers.items()}
    manifest = IndexManifest(
        identity=state.identity,
        revision=revision,
        checkpoint=str(state.checkpoint),
        dim=segment.distance.dim,
        factory=spec.factory,
        is_mirrored=state.is_mirrored,
        count=len(segment),
        files=files,
        tuning=spec.tuning,
    )
    write_manifest(directory, manifest)
    for path in directory.iterdir():
        if path.name not in files and path.name not in (MANIFEST, LOCK):
            path.unlink(missing_ok=True)


def load_index(directory: Path, distance: Distance, state: CatalogueState) -> tuple[Part, int]:
    """Load the saved part and its revision.

    Raises UnusableIndexError unless manifest, files and catalogue agree.
    """
    manifest = read_manifest(directory)
    _check_manifest(manifest, distance, state)
    check_tuning(IndexSpec(manifest.factory, manifest.tuning), distance)
    try:
        _check_files(directory, manifest)
        whole = _open_files(directory, manifest.revision, distance, is_mirrored=manifest.is_mirrored)
    except (OSError, ValueError, RuntimeError) as error:
        raise UnusableIndexError(f"its files cannot be read ({error})") from None
    for segment in whole.segments:
        rows = segment.index.ntotal
        if not rows == len(segment.embeddings) == len(segment) == manifest.count:
            raise UnusableIndexError(f"its files hold {rows} rows: expected {manifest.count}")
    return whole, manifest.revision


def _open_files(directory: Path, revision: int, distance: Distance, *, is_mirrored: bool) -> Part:
    """Open the files of an index, mapped into memory, so that all processes share one copy."""
    stem = directory / str(revision)
    revisions = np.load(f"{stem}.revisions.npy")
    segments = []
    for name in _SIDES[: 1 + is_mirrored]:
        embeddings = np.load(f"{stem}.{name}embeddings.npy", mmap_mode="r")
        index = open_faiss(Path(f"{stem}.{name}faiss"))
        segments.append(Segment(embeddings, revisions, index, distance))
    return Part.whole(*segments)


def open_faiss(path: Path) -> Any:
    """Open a FAISS index, mapped into memory.

    Files of earlier versions have no padding. Raises ValueError if that matters, and RuntimeError.
    """
    file = np.memmap(path, np.uint8, "r")
    is_padded = file[0] == 0
    content = file[len(_PADDING) :] if is_padded else file
    reader = _faiss.ZeroCopyIOReader(_faiss.swig_ptr(content), len(content))
    index = _faiss.read_index(reader, _faiss.IO_FLAG_MMAP_IFC)
    index.referenced_objects = [file]  # else the mapping would end before the index
    if not is_padded and read_flat_keys(index) is not None:
        raise ValueError("an earlier version saved it, with keys that are not aligned")
    return index


def _check_manifest(manifest: IndexManifest, distance: Distance, state: CatalogueState) -> None:
    """Check that an index was made from a state of this catalogue. Raises OutdatedIndexError."""
    expected = (FORMAT, state.identity, state.checkpoint, distance.dim, state.factory, state.is_mirrored)
    actual = (manifest.format, manifest.identity, manifest.checkpoint, manifest.dim, manifest.factory)
    names = ("format", "catalogue", "checkpoint", "dimension", "factory", "mirroring")
    for name, value, wanted in zip(names, (*actual, manifest.is_mirrored), expected, strict=True):
        if value != wanted:
            raise OutdatedIndexError(f"its {name} is {value}: expected {wanted}")
    if manifest.revision > state.revision:
        raise OutdatedIndexError(f"its revision is {manifest.revision}: the catalogue is only at {state.revision}")
    if manifest.tuning != manifest.tuning_for(state.factory):
        raise OutdatedIndexError("it has been tuned since it was made")


def _check_files(directory: Path, manifest: IndexManifest) -> None:
    """Check that the files of an index exist with the hashes of its manifest. Raises UnusableIndexError, OSError."""
    kinds = {f"{name}{kind}" for name in _SIDES[: 1 + manifest.is_mirrored] for kind in ("faiss", "embeddings.npy")}
    expected = {f"{manifest.revision}.{kind}" for kind in (*kinds, "revisions.npy")}
    if set(manifest.files) != expected:
        raise UnusableIndexError(f"its manifest lists {sorted(manifest.files)}: expected {sorted(expected)}")
    for name, sha256 in manifest.files.items():
        if not (directory / name).is_file():
            raise UnusableIndexError(f"there is no file {name}")
        actual = sha256_of(directory / name)
        if actual != sha256:
            raise UnusableIndexError(f"{name} has SHA-256 {actual}: expected {sha256}")


def save_faiss(path: Path, index: Any) -> None:
    """Write a FAISS index behind padding: products of keys that are not aligned take six times as long.

    Raises OSError.
    """
    with path.open("wb") as file:
        file.write(_PADDING)
        _faiss.write_index(index, _faiss.PyCallbackIOWriter(file.write))


def _save_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array. Raises OSError."""
    with path.open("wb") as file:  # given a path, np.save would add a suffix
        np.save(file, array, allow_pickle=False)

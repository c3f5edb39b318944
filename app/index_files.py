"""A gallery's index on disk: three arrays and a manifest that vouches for them. Deleting them is always safe.

The arrays are written first, each under a temporary name, and the manifest last. An index counts only if its
manifest agrees in every word with the catalogue and with the files.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from app.files import alone, sha256_of, write_whole
from app.records import CatalogueState
from app.segments import Segment
from model.distances import Distance

_FORMAT = 1
MANIFEST = "manifest.json"
_LOCK = "lock"  # held by the process that writes, since what it has not written it removes


class UnusableIndex(ValueError):
    """The files on disk are absent, damaged, or made from something else; the message says what is wrong."""


class OutdatedIndex(UnusableIndex):
    """The files may be whole, but they were made from something else."""


@dataclass(frozen=True)
class Manifest:
    """What an index was made from and of which files it consists."""

    identity: str  # of the catalogue
    revision: int
    checkpoint: str
    dim: int
    factory: str
    count: int
    files: dict[str, str]  # SHA-256 by file name
    format: int = _FORMAT


def save_index(directory: Path, segment: Segment, revision: int, state: CatalogueState) -> Path:
    """Write a segment that holds all products as of `revision`; returns the manifest's path. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    with alone(directory / _LOCK):
        return _save(directory, segment, revision, state)


def _save(directory: Path, segment: Segment, revision: int, state: CatalogueState) -> Path:
    writers: dict[str, Callable[[Path], object]] = {
        f"{revision}.faiss": lambda path: _save_faiss(path, segment.index),
        f"{revision}.embeddings.npy": lambda path: _save_array(path, segment.embeddings),
        f"{revision}.revisions.npy": lambda path: _save_array(path, segment.revisions),
    }
    files = {name: write_whole(directory / name, write) for name, write in writers.items()}
    manifest = Manifest(
        state.identity,
        revision,
        str(state.checkpoint),
        segment.distance.dim,
        state.factory,
        len(segment),
        files,
    )
    text = json.dumps(asdict(manifest), indent=1)
    write_whole(directory / MANIFEST, lambda path: path.write_text(text))
    for path in directory.iterdir():
        if path.name not in files and path.name not in (MANIFEST, _LOCK):
            path.unlink(missing_ok=True)
    return directory / MANIFEST


def load_index(directory: Path, distance: Distance, state: CatalogueState) -> tuple[Segment, int]:
    """The saved segment and its revision. Raises UnusableIndex unless manifest, files and catalogue agree."""
    try:
        manifest = Manifest(**json.loads((directory / MANIFEST).read_text()))
    except FileNotFoundError:
        raise UnusableIndex("there is no manifest") from None
    except (OSError, ValueError, TypeError) as error:
        raise UnusableIndex(f"the manifest cannot be read ({error})") from None
    _check_manifest(manifest, distance, state)
    try:
        _check_files(directory, manifest)
        stem = directory / str(manifest.revision)
        embeddings = np.load(f"{stem}.embeddings.npy", mmap_mode="r")
        revisions = np.load(f"{stem}.revisions.npy")
        index = faiss.read_index(f"{stem}.faiss")
    except (OSError, ValueError, RuntimeError) as error:
        raise UnusableIndex(f"its files cannot be read ({error})") from None
    if not index.ntotal == len(embeddings) == len(revisions) == manifest.count:
        raise UnusableIndex(f"its files hold {index.ntotal} rows: expected {manifest.count}")
    return Segment(embeddings, revisions, index, distance), manifest.revision


def _check_manifest(manifest: Manifest, distance: Distance, state: CatalogueState) -> None:
    expected = (_FORMAT, state.identity, state.checkpoint, distance.dim, state.factory)
    found = (manifest.format, manifest.identity, manifest.checkpoint, manifest.dim, manifest.factory)
    names = ("format", "catalogue", "checkpoint", "dimension", "factory")
    for name, value, other in zip(names, found, expected, strict=True):
        if value != other:
            raise OutdatedIndex(f"its {name} is {value}: expected {other}")
    if manifest.revision > state.revision:
        raise OutdatedIndex(f"its revision is {manifest.revision}: the catalogue is only at {state.revision}")


def _check_files(directory: Path, manifest: Manifest) -> None:
    expected = {f"{manifest.revision}.{kind}" for kind in ("faiss", "embeddings.npy", "revisions.npy")}
    if set(manifest.files) != expected:
        raise UnusableIndex(f"its manifest lists {sorted(manifest.files)}: expected {sorted(expected)}")
    for name, sha256 in manifest.files.items():
        found = sha256_of(directory / name)
        if found != sha256:
            raise UnusableIndex(f"{name} has SHA-256 {found}: expected {sha256}")


def _save_faiss(path: Path, index: Any) -> None:
    try:
        faiss.write_index(index, str(path))
    except RuntimeError as error:  # what FAISS makes of a full disk
        raise OSError(f"FAISS cannot write {path}: {str(error).rpartition('failed: ')[2]}") from None


def _save_array(path: Path, array: NDArray[Any]) -> None:
    with path.open("wb") as file:  # np.save on a name would add a suffix
        np.save(file, array, allow_pickle=False)

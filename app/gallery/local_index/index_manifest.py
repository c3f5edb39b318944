"""Manifest of a saved index: its origin, its tuning, its files, and the choice made since for the next index.

The file may contain anything. It is accepted only if this version could have written every value.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from app.core.atomic_files import write_atomically
from app.core.error_text import describe_validation_error, path_of
from app.index.index_spec import Tuning

FORMAT = 1
MANIFEST = "manifest.json"
LOCK = "lock"  # beside the manifest; held while an index is written, since the writer removes all other files

_MAX_BYTES = 2**20  # a thousand times the usual size

_Count = Annotated[int, Field(ge=0, lt=2**63)]


class UnusableIndexError(ValueError):
    """Index files that are absent, damaged, or do not belong to the catalogue. The message tells the reason."""


@dataclass(frozen=True, config=ConfigDict(strict=True, extra="forbid"))
class Choice:
    """Choice of `sketchfind tune`: a kind of index, as a faiss.index_factory string, and its tuning."""

    factory: str
    tuning: Tuning


@dataclass(frozen=True, config=ConfigDict(strict=True, extra="forbid"))
class IndexManifest:
    """Origin, tuning and files of an index. Raises ValueError for invalid values."""

    identity: str  # of the catalogue
    revision: _Count
    checkpoint: str
    dim: _Count
    factory: str
    count: _Count
    files: dict[str, str]  # SHA-256 by file name
    is_mirrored: bool = False  # whether it also has the photos' mirror images
    tuning: Tuning | None = None
    format: int = FORMAT
    choice: Choice | None = None  # the last choice, until an index is saved with it

    @property
    def chosen(self) -> Choice | None:
        """Last choice of `tune`, whether or not the saved index was built with it."""
        return self.choice or (Choice(self.factory, self.tuning) if self.tuning else None)

    def tuning_for(self, factory: str) -> Tuning | None:
        """Return the last tuning chosen for a kind of index, or None."""
        if self.choice and self.choice.factory == factory:
            return self.choice.tuning
        return self.tuning if self.factory == factory else None


_MANIFESTS = TypeAdapter(IndexManifest)


def manifest_text(directory: Path) -> bytes:
    """Read the bytes of an index's manifest, at most one more than allowed. Raises OSError."""
    with open(directory / MANIFEST, "rb", opener=_open_nonblocking) as file:
        return file.read(_MAX_BYTES + 1)


def read_manifest(directory: Path) -> IndexManifest:
    """Read the manifest of an index. Raises UnusableIndexError."""
    try:
        return parse_manifest(manifest_text(directory))
    except FileNotFoundError:
        raise UnusableIndexError("there is no manifest") from None
    except OSError as error:
        raise UnusableIndexError(f"the manifest cannot be read ({error})") from None


def parse_manifest(text: bytes) -> IndexManifest:
    """Parse the JSON of a manifest. Raises UnusableIndexError."""
    if len(text) > _MAX_BYTES:
        raise UnusableIndexError(f"the manifest has {len(text)} bytes: expected at most {_MAX_BYTES}")
    try:
        return _MANIFESTS.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = describe_validation_error(first, path_of(first["loc"]).replace("the body", "it"))
        raise UnusableIndexError(f"the manifest cannot be read ({reason})") from None


def write_manifest(directory: Path, manifest: IndexManifest) -> None:
    """Replace the manifest of an index atomically. Raises OSError."""
    text = json.dumps(asdict(manifest), indent=1)
    write_atomically(directory / MANIFEST, lambda path: path.write_text(text))


def _open_nonblocking(path: str, flags: int) -> int:
    """Open a file without blocking, in case it is a pipe without a writer."""
    return os.open(path, flags | os.O_NONBLOCK)

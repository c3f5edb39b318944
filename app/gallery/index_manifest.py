"""The manifest of a saved index: what it was made from and how, its files, and what was chosen since to make of it.

Anything may be in that file. It is read only if every value is one that this version writes.
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
LOCK = "lock"  # beside it; held by the process that writes, since what it has not written it removes

_LARGEST = 2**20  # bytes: a thousand times what is written

_Count = Annotated[int, Field(ge=0, lt=2**63)]


class UnusableIndexError(ValueError):
    """The files on disk are absent, damaged, or made from something else; the message says what is wrong."""


@dataclass(frozen=True, config=ConfigDict(strict=True, extra="forbid"))
class Choice:
    """A kind of index, as a faiss.index_factory string, and how `sketchfind tune` chose to make and search it."""

    factory: str
    tuning: Tuning


@dataclass(frozen=True, config=ConfigDict(strict=True, extra="forbid"))
class IndexManifest:
    """What an index was made from and of which files it consists. Raises ValueError for what cannot be."""

    identity: str  # of the catalogue
    revision: _Count
    checkpoint: str
    dim: _Count
    factory: str
    count: _Count
    files: dict[str, str]  # SHA-256 by file name
    tuning: Tuning | None = None
    format: int = FORMAT
    choice: Choice | None = None  # of `tune`, of which no index has been saved yet

    @property
    def chosen(self) -> Choice | None:
        """What `tune` chose last, whether the index is made by it yet or not."""
        return self.choice or (Choice(self.factory, self.tuning) if self.tuning else None)

    def tuning_for(self, factory: str) -> Tuning | None:
        """What was chosen last for a kind of index."""
        if self.choice and self.choice.factory == factory:
            return self.choice.tuning
        return self.tuning if self.factory == factory else None


_MANIFESTS = TypeAdapter(IndexManifest)


def manifest_text(directory: Path) -> bytes:
    """The bytes of an index's manifest, or enough to see that they are too many. Raises OSError."""
    with open(directory / MANIFEST, "rb", opener=_at_once) as file:
        return file.read(_LARGEST + 1)


def read_manifest(directory: Path) -> IndexManifest:
    """The manifest of an index. Raises UnusableIndex."""
    try:
        return parse_manifest(manifest_text(directory))
    except FileNotFoundError:
        raise UnusableIndexError("there is no manifest") from None
    except OSError as error:
        raise UnusableIndexError(f"the manifest cannot be read ({error})") from None


def parse_manifest(text: bytes) -> IndexManifest:
    """The manifest of a text. Raises UnusableIndex."""
    if len(text) > _LARGEST:
        raise UnusableIndexError(f"the manifest has more than {_LARGEST} bytes: expected far fewer")
    try:
        return _MANIFESTS.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = describe_validation_error(first, path_of(first["loc"]).replace("the body", "it"))
        raise UnusableIndexError(f"the manifest cannot be read ({reason})") from None


def write_manifest(directory: Path, manifest: IndexManifest) -> None:
    """Replace the manifest of an index, whole or not at all. Raises OSError."""
    text = json.dumps(asdict(manifest), indent=1)
    write_atomically(directory / MANIFEST, lambda path: path.write_text(text))


def _at_once(path: str, flags: int) -> int:
    """Open a file without waiting for somebody to write to it, as it might be a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)

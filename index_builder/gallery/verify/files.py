"""Whether the files that a catalogue names are there and whole, and which files nothing names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from app.core.atomic_files import sha256_of
from app.database.state import CatalogueState
from app.gallery.checkpoint_store import checkpoint_file
from app.gallery.layout import CHECKPOINT_FILE, CHECKPOINTS
from app.gallery.photo_store import PhotoStore
from index_builder.gallery.verify.findings import Findings
from index_builder.gallery.verify.rows import CheckedRows
from model.checkpoint import Checkpoint, CheckpointError, load_checkpoint

_THREADS = 4


def check_checkpoint(directory: Path, state: CatalogueState, findings: Findings) -> Checkpoint | None:
    """The gallery's checkpoint, if it is the one that the catalogue names and can be used."""
    if state.checkpoint is None:
        findings.note("checkpoint", "none is recorded yet: the first product brings one")
        return None
    path = checkpoint_file(directory, state.checkpoint)
    try:
        found = load_checkpoint(path)
    except CheckpointError as error:
        findings.problem("checkpoint", str(error))
        return None
    if found.sha256 != state.checkpoint:
        findings.problem("checkpoint", f"{path.name} has SHA-256 {found.sha256}: expected {state.checkpoint}")
        return None
    if found.network.dim != state.dim:
        message = f"it makes embeddings of {found.network.dim} numbers: expected {state.dim}, the catalogue's"
        findings.problem("checkpoint", message)
        return None
    if path.name != CHECKPOINT_FILE:
        message = f"{CHECKPOINT_FILE} is another one than {CHECKPOINTS}/{path.name}, which counts: "
        findings.note("checkpoint", message + "run `sketchfind reembed` with it once more")
    return found


class PhotoCheck:
    """Checks photos as they are named, each once."""

    def __init__(self, store: PhotoStore, findings: Findings) -> None:
        self._store, self._findings = store, findings
        self._pool = ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1))
        self._seen: set[bytes] = set()  # SHA-256s

    @property
    def count(self) -> int:
        """How many photos have been checked."""
        return len(self._seen)

    def check(self, products: Sequence[CheckedRows]) -> None:
        """Check the photos of products."""
        new = [(one, name) for one in products for name in dict.fromkeys(one.names) if self._is_new(name)]
        for (product, _), wrong in zip(new, self._pool.map(self._wrong_with, [name for _, name in new]), strict=True):
            for message in wrong:
                self._findings.problem(f"product {product.product_id}", message)

    def finish(self) -> None:
        """Note the photos that nobody has named."""
        self._pool.shutdown()
        folder = self._store.directory
        unnamed = [entry.name for entry in os.scandir(folder) if self._is_left(entry.name)] if folder.is_dir() else []
        note_left(self._findings, "photos", unnamed, "files that no product names")

    def _is_new(self, name: str) -> bool:
        try:
            key = bytes.fromhex(name)
        except ValueError:
            return False  # the row's check has said so
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def _is_left(self, file: str) -> bool:
        try:
            return bytes.fromhex(file.removesuffix(".webp").removesuffix(".thumb")) not in self._seen
        except ValueError:
            return True

    def _wrong_with(self, name: str) -> list[str]:
        wrong = []
        try:
            found = sha256_of(self._store.photo(name))
            if found != name:
                wrong.append(f"photo {name} has SHA-256 {found}: expected its name")
        except OSError as error:
            wrong.append(f"photo {name} cannot be read ({error.strerror}): expected it in the gallery")
        try:
            with Image.open(self._store.thumbnail(name)) as image:
                image.load()
        except FileNotFoundError:
            wrong.append(f"photo {name} has no thumbnail: expected one beside it")
        except OSError as error:
            wrong.append(f"photo {name} has a thumbnail that is damaged: {error}")
        return wrong


def note_left(findings: Findings, where: str, names: Iterable[str], what: str) -> None:
    """Note files that are in the way of nothing."""
    found = sorted(names)
    if found:
        findings.note(where, f"{len(found)} {what}, such as {found[0]}")

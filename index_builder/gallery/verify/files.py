"""Checks of the files that a catalogue names, and of files that nothing names."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from PIL import Image

from app.database.state import CatalogueState
from app.gallery.checkpoint_store import checkpoint_file
from app.gallery.layout import CHECKPOINT_FILE, CHECKPOINTS, GalleryLocation
from app.gallery.photo_store import PhotoStore, thumbnail_file
from index_builder.gallery.verify.findings import Findings
from index_builder.gallery.verify.rows import CheckedRows
from model.checkpoint import Checkpoint, CheckpointError, load_checkpoint

_THREADS = 4


def check_checkpoint(location: GalleryLocation, state: CatalogueState, findings: Findings) -> Checkpoint | None:
    """Check and load the gallery's checkpoint. Returns None if it is absent, damaged or another one."""
    if state.checkpoint is None:
        findings.add_note("checkpoint", "none is recorded yet: the first product records one")
        return None
    try:
        path = checkpoint_file(location, state.checkpoint)
        checkpoint = load_checkpoint(path)
    except (CheckpointError, OSError) as error:
        findings.add_problem("checkpoint", str(error))
        return None
    if checkpoint.sha256 != state.checkpoint:
        findings.add_problem("checkpoint", f"{path.name} has SHA-256 {checkpoint.sha256}: expected {state.checkpoint}")
        return None
    if checkpoint.network.dim != state.dim:
        message = f"it makes embeddings of {checkpoint.network.dim} numbers: expected {state.dim}, the catalogue's"
        findings.add_problem("checkpoint", message)
        return None
    if path.name != CHECKPOINT_FILE:
        message = f"{CHECKPOINT_FILE} differs from {CHECKPOINTS}/{path.name}, which is in use: "
        findings.add_note("checkpoint", message + "run `sketchfind reembed` again with the one in use")
    return checkpoint


class PhotoCheck:
    """Check of stored photos that reads each file once."""

    def __init__(self, store: PhotoStore, findings: Findings) -> None:
        self._store, self._findings = store, findings
        self._pool = ThreadPoolExecutor(max(store.files.parallelism, min(_THREADS, os.cpu_count() or 1)))
        self._seen: set[bytes] = set()  # SHA-256s

    @property
    def count(self) -> int:
        """Number of photos that were checked."""
        return len(self._seen)

    def check(self, products: Sequence[CheckedRows]) -> None:
        """Check the photos of products that were not checked before."""
        new = [(product, name) for product in products for name in dict.fromkeys(product.names) if self._is_new(name)]
        damage = self._pool.map(self._find_photo_damage, [name for _, name in new])
        for (product, _), messages in zip(new, damage, strict=True):
            for message in messages:
                self._findings.add_problem(f"product {product.product_id}", message)

    def finish(self) -> None:
        """Note the files of photos that no product names."""
        self._pool.shutdown()
        unnamed = filter(self._is_unnamed, self._store.files.names())
        note_leftovers(self._findings, "photos", unnamed, "files that no product names")

    def _is_new(self, name: str) -> bool:
        try:
            key = bytes.fromhex(name)
        except ValueError:
            return False  # check_rows() has reported it
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def _is_unnamed(self, file: str) -> bool:
        try:
            return bytes.fromhex(file.removesuffix(".webp").removesuffix(".thumb")) not in self._seen
        except ValueError:
            return True

    def _find_photo_damage(self, name: str) -> list[str]:
        messages = []
        try:
            sha256 = hashlib.sha256(self._store.read(name)).hexdigest()
            if sha256 != name:
                messages.append(f"photo {name} has SHA-256 {sha256}: expected its name")
        except OSError as error:
            messages.append(f"photo {name} cannot be read ({error.strerror or error}): expected it in the gallery")
        try:
            with Image.open(io.BytesIO(self._store.files.read(thumbnail_file(name)))) as image:
                image.load()
        except FileNotFoundError:
            messages.append(f"photo {name} has no thumbnail: expected one beside it")
        except OSError as error:
            messages.append(f"photo {name} has a thumbnail that is damaged: {error}")
        return messages


def note_leftovers(findings: Findings, where: str, names: Iterable[str], what: str) -> None:
    """Note superfluous files, which are harmless."""
    files = sorted(names)
    if files:
        findings.add_note(where, f"{len(files)} {what}, such as {files[0]}")

"""Embedding a gallery's photos anew by another checkpoint, beside those who search and write, then switching to it.

The new embeddings are gathered in small transactions, so whoever is stopped anywhere goes on where he was. The switch
is one transaction: a gallery is wholly of the one checkpoint or wholly of the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress, TaskID

from app.catalogue.catalogue import Catalogue
from app.catalogue.staged_embeddings import StagedEmbeddings, owners, without_photo
from app.core.cpu_limits import available_cpus
from app.core.process_lock import process_lock
from app.gallery.checkpoint_store import keep_checkpoint, settle_checkpoint
from app.gallery.gallery import Gallery
from app.gallery.layout import PHOTOS, catalogue_of
from app.gallery.photo_store import PhotoStore
from app.index.metric_forms import form_for
from model.checkpoint import DEFAULT_CHECKPOINT, Checkpoint, CheckpointError, load_checkpoint
from model.device import resolve_device
from model.preprocessing.images import Pixels, decode_image

_BATCH = 32  # photos embedded at once and written in one transaction; so many may also be left for the switch itself
_LOCK = "reembed.lock"

_Embedded = dict[str, NDArray[np.float32]]


class ReembedError(ValueError):
    """Some photos cannot be embedded; `problems` says which and why, by product. Nothing was switched."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        first = "; ".join(f"product {name!r}: {why}" for name, why in problems[:1])
        super().__init__(f"{len(problems)} photos cannot be embedded, so the gallery stays as it is: {first}")
        self.problems = tuple(problems)


@dataclass(frozen=True)
class ReembedReport:
    """What was done; both checkpoints by their SHA-256, equal when there was nothing to do."""

    before: str | None
    after: str
    embedded: int  # photos, in this run
    photos: int  # in the gallery
    size: int  # products in the gallery


def reembed(
    directory: Path,
    checkpoint_path: Path = DEFAULT_CHECKPOINT,
    progress: Progress | None = None,
    device: str = "auto",
    catalogue_url: str | None = None,
) -> ReembedReport:
    """Have a gallery use another checkpoint. What a run for the same one has done before is not done again.

    A bar is added to `progress`. Raises ReembedError for photos that cannot be embedded, CheckpointError,
    CatalogueError when there is no gallery, LockHeldError while another process does the same, and ValueError
    for a checkpoint of whose embeddings the gallery's kind of index cannot be made.
    """
    load_checkpoint(checkpoint_path)  # an error names the file that was given, not the gallery's copy
    catalogue = catalogue_of(directory, catalogue_url)
    try:
        with process_lock(directory / _LOCK, blocking=False, work=f"re-embedding {directory}"):
            checkpoint = _kept(directory, checkpoint_path, device)
            state = catalogue.state()
            form_for(checkpoint.network.distance, state.factory)
            embedded = 0
            if state.checkpoint != checkpoint.sha256:
                embedded = _Run(directory, catalogue, checkpoint).finish(progress)
            settle_checkpoint(directory, checkpoint.sha256)
            gallery = Gallery.open(directory, checkpoint, catalogue)  # writes the index that the next start reads
            return ReembedReport(
                state.checkpoint, checkpoint.sha256, embedded, gallery.snapshot.photos, gallery.snapshot.size
            )
    finally:
        catalogue.close()


def _kept(directory: Path, path: Path, device: str) -> Checkpoint:
    """The checkpoint, from the gallery's own copy of it."""
    return load_checkpoint(keep_checkpoint(directory, path), str(resolve_device(device)))


class _Run:
    """One process's way from one checkpoint to the next."""

    def __init__(self, directory: Path, catalogue: Catalogue, checkpoint: Checkpoint) -> None:
        self._catalogue, self._checkpoint = catalogue, checkpoint
        self._photos = PhotoStore(directory / PHOTOS)
        self._gathered = StagedEmbeddings(catalogue, checkpoint.sha256, checkpoint.network.dim)
        self._pool = ThreadPoolExecutor(available_cpus(), "decode")
        self._count = 0

    def finish(self, progress: Progress | None) -> int:
        """Embed all that there is and switch; returns how many photos were embedded. Raises ReembedError."""
        with self._pool:
            task = progress.add_task("Embedding", total=None) if progress else None
            self._refuse({})
            self._refuse(self._gather(progress, task))
            while not self._switch():
                self._refuse(self._gather(progress, task))
        return self._count

    def _gather(self, progress: Progress | None, task: TaskID | None) -> dict[str, str]:
        """Embed what is missing, once through; returns which photos cannot be, and why."""
        problems: dict[str, str] = {}
        last = ""
        while True:
            with self._catalogue.moment() as connection:
                names = self._gathered.missing(connection, last, _BATCH)
                done, total = self._gathered.counts(connection)
            if progress is not None and task is not None:
                progress.update(task, completed=min(done, total), total=total)
            if not names:
                return problems
            made, failed = self._embed(names)
            with self._catalogue.transaction() as connection:
                self._gathered.add(connection, made)
            problems |= failed
            last = names[-1]

    def _switch(self) -> bool:
        """Embed what has come meanwhile and switch, while others who write wait; False when that cannot be yet."""
        with self._catalogue.transaction() as connection:
            late = self._gathered.missing(connection, limit=_BATCH + 1)
            if len(late) > _BATCH or without_photo(connection):
                return False
            made, problems = self._embed(late)
            if problems:
                return False
            self._gathered.add(connection, made)
            self._gathered.promote(connection)
        return True

    def _refuse(self, problems: dict[str, str]) -> None:
        """Raises ReembedError for photos that a product still has, and for products without one."""
        with self._catalogue.moment() as connection:
            found = [(product_id, problems[name]) for product_id, name in owners(connection, list(problems))]
            not_kept = "its photo is not kept: expected one in the gallery, so put the product again"
            found += [(product_id, not_kept) for product_id in without_photo(connection)]
        if found:
            raise ReembedError(found)

    def _embed(self, names: Sequence[str]) -> tuple[_Embedded, dict[str, str]]:
        """Embeddings of the photos that can be read, and what is wrong with the others."""
        outcomes = dict(zip(names, self._pool.map(partial(_frame, self._photos, self._checkpoint), names), strict=True))
        frames = {name: one for name, one in outcomes.items() if not isinstance(one, str)}
        made = self._checkpoint.embed_frames(list(frames.values()))
        problems = {name: f"photo {name} {one}" for name, one in outcomes.items() if isinstance(one, str)}
        if not np.isfinite(made).all():
            sha256 = self._checkpoint.sha256
            raise CheckpointError(f"checkpoint {sha256} makes embeddings of NaN or infinity: expected finite numbers")
        self._count += len(frames)
        return dict(zip(frames, made, strict=True)), problems


def _frame(photos: PhotoStore, checkpoint: Checkpoint, name: str) -> Pixels | str:
    """A stored photo's frame (256,256), or what is wrong with the photo."""
    try:
        data = photos.photo(name).read_bytes()
        found = hashlib.sha256(data).hexdigest()
        if found != name:
            return f"is damaged: its SHA-256 is {found}, expected its name"
        return checkpoint.preprocess.photo(decode_image(data))
    except FileNotFoundError:
        return "is missing from the gallery"
    except (cv2.error, OSError, ValueError) as error:
        return f"cannot be embedded: {error}"

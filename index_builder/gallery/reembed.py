"""Re-embedding of a gallery's photos by another checkpoint, during searches and writes, and the switch to it.

The new embeddings are staged in small transactions, so an interrupted run resumes where it stopped. The switch is one
transaction: all embeddings of a gallery are of the same checkpoint at any time.
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
from app.catalogue.mirroring import is_worth_mirroring
from app.catalogue.staged_embeddings import StagedEmbeddings, owners, without_photo
from app.core.cpu_limits import available_cpus
from app.core.process_lock import process_lock
from app.database.state import EmbeddingsOrigin
from app.gallery.checkpoint_store import keep_checkpoint, settle_checkpoint, share_checkpoint
from app.gallery.gallery import Gallery
from app.gallery.layout import GalleryLocation
from app.gallery.photo_store import PhotoStore
from app.index.metric_forms import form_for
from index_builder.gallery.measure_colors import measure_missing_colors
from model.checkpoint import DEFAULT_CHECKPOINT, Checkpoint, CheckpointError, load_checkpoint
from model.device import resolve_device
from model.preprocessing.edge_styles import photo_frames
from model.preprocessing.images import Pixels, decode_image

_BATCH = 32  # photos embedded and written in one transaction; at most so many are left to the switch itself
_LOCK = "reembed.lock"

_Embedded = dict[str, NDArray[np.float32]]


class ReembedError(ValueError):
    """Photos that cannot be embedded, as `problems` of (product id, reason). The gallery keeps its checkpoint."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        first = "; ".join(f"product {product_id!r}: {reason}" for product_id, reason in problems[:1])
        super().__init__(f"{len(problems)} photos cannot be embedded, so the gallery stays as it is: {first}")
        self.problems = tuple(problems)


@dataclass(frozen=True)
class ReembedReport:
    """Outcome of a re-embedding. Checkpoints are given by SHA-256, and are equal if there was nothing to do."""

    before: str | None
    after: str
    embedded: int  # photos, in this run
    measured: int  # photos whose colours were measured, in this run
    photos: int  # in the gallery
    size: int  # products in the gallery
    is_mirrored: bool = False  # whether photos are embedded both ways round now


def reembed(
    location: GalleryLocation,
    checkpoint_path: Path = DEFAULT_CHECKPOINT,
    progress: Progress | None = None,
    device: str = "auto",
) -> ReembedReport:
    """Re-embed a gallery by another checkpoint and switch to it, resuming an interrupted run for the same one.

    Photos are embedded both ways round if that is worth it for the gallery's size now. The same checkpoint embeds them
    again only if that changes. Colours of photos that lack them are measured, too. A bar is added to `progress`.

    Raises:
        ReembedError: Photos cannot be embedded.
        CheckpointError: The checkpoint cannot be used.
        CatalogueError: There is no gallery.
        LockHeldError: Another process is re-embedding the gallery.
        ValueError: The gallery's kind of index cannot hold the checkpoint's embeddings.
    """
    cv2.setNumThreads(1)  # photos are decoded side by side
    load_checkpoint(checkpoint_path)  # so that an error names this file, not the gallery's copy
    directory, photos, catalogue = location.directory, location.open_photos(), location.open_catalogue()
    try:
        with process_lock(directory / _LOCK, blocking=False, work=f"re-embedding {directory}"):
            checkpoint = _load_own_copy(location, checkpoint_path, device)
            state = catalogue.state()
            form_for(checkpoint.network.distance, state.factory)
            embedded = 0
            origin = EmbeddingsOrigin(checkpoint.sha256, is_worth_mirroring(catalogue.size()))
            if state.origin != origin:
                embedded = _Run(photos, catalogue, checkpoint, origin).finish(progress)
            settle_checkpoint(directory, checkpoint.sha256)
            measured = measure_missing_colors(catalogue, photos, progress)
            # writes the index that the next start reads
            gallery = Gallery.open(directory, checkpoint, catalogue, milvus=location.milvus)
            size = gallery.snapshot.photos, gallery.snapshot.size
            return ReembedReport(
                state.checkpoint, checkpoint.sha256, embedded, measured, *size, is_mirrored=gallery.is_mirrored
            )
    finally:
        catalogue.close()


def _load_own_copy(location: GalleryLocation, path: Path, device: str) -> Checkpoint:
    """Copy a checkpoint to where servers look for it, and load that copy."""
    copy = keep_checkpoint(location.directory, path)
    share_checkpoint(location, copy)
    return load_checkpoint(copy, str(resolve_device(device)))


class _Run:
    """One run of re-embedding a gallery by one checkpoint, both ways round if `origin` says so."""

    def __init__(
        self, photos: PhotoStore, catalogue: Catalogue, checkpoint: Checkpoint, origin: EmbeddingsOrigin
    ) -> None:
        self._photos, self._catalogue, self._checkpoint = photos, catalogue, checkpoint
        self._staged = StagedEmbeddings(catalogue, origin, checkpoint.network.dim)
        self._pool = ThreadPoolExecutor(available_cpus(), "decode")
        self._count = 0

    def finish(self, progress: Progress | None) -> int:
        """Embed all photos and switch. Returns the number of photos embedded. Raises ReembedError."""
        with self._pool:
            task = progress.add_task("Embedding", total=None) if progress else None
            self._raise_if_unusable({})
            self._raise_if_unusable(self._stage_missing(progress, task))
            while not self._switch():
                self._raise_if_unusable(self._stage_missing(progress, task))
        return self._count

    def _stage_missing(self, progress: Progress | None, task: TaskID | None) -> dict[str, str]:
        """Embed and stage the photos that are missing. Returns the reason for each photo that cannot be embedded."""
        problems: dict[str, str] = {}
        last = ""
        while True:
            with self._catalogue.moment() as connection:
                names = self._staged.missing(connection, last, _BATCH)
                done, total = self._staged.counts(connection)
            if progress is not None and task is not None:
                progress.update(task, completed=min(done, total), total=total)
            if not names:
                return problems
            embeddings, failures = self._embed(names)
            with self._catalogue.transaction() as connection:
                self._staged.add(connection, embeddings)
            problems |= failures
            last = names[-1]

    def _switch(self) -> bool:
        """Embed the remaining photos and switch, blocking other writers. Returns False if that is not possible yet."""
        with self._catalogue.transaction() as connection:
            late = self._staged.missing(connection, limit=_BATCH + 1)
            if len(late) > _BATCH or without_photo(connection):
                return False
            embeddings, problems = self._embed(late)
            if problems:
                return False
            self._staged.add(connection, embeddings)
            self._staged.promote(connection)
        return True

    def _raise_if_unusable(self, problems: dict[str, str]) -> None:
        """Raise ReembedError for problems of photos that products still have, and for products without a photo."""
        with self._catalogue.moment() as connection:
            unusable = [(product_id, problems[name]) for product_id, name in owners(connection, list(problems))]
            no_photo = "its photo is not kept: expected one in the gallery, so put the product again"
            unusable += [(product_id, no_photo) for product_id in without_photo(connection)]
        if unusable:
            raise ReembedError(unusable)

    def _embed(self, names: Sequence[str]) -> tuple[_Embedded, dict[str, str]]:
        """Embed photos. Returns the embeddings by name, and the problem of each photo that cannot be read."""
        outcomes = dict(
            zip(names, self._pool.map(partial(_read_frame, self._photos, self._checkpoint), names), strict=True)
        )
        frames = {name: frame for name, frame in outcomes.items() if not isinstance(frame, str)}
        embeddings = self._checkpoint.embed_photos(list(frames.values()), mirrored=self._staged.origin.is_mirrored)
        problems = {name: f"photo {name} {problem}" for name, problem in outcomes.items() if isinstance(problem, str)}
        if not np.isfinite(embeddings).all():
            sha256 = self._checkpoint.sha256
            raise CheckpointError(f"checkpoint {sha256} makes embeddings of NaN or infinity: expected finite numbers")
        self._count += len(frames)
        return dict(zip(frames, embeddings, strict=True)), problems


def _read_frame(photos: PhotoStore, checkpoint: Checkpoint, name: str) -> Pixels | str:
    """Read the frames (K,256,256) of a stored photo, or return the problem with the photo."""
    try:
        data = photos.read(name)
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 != name:
            return f"is damaged: its SHA-256 is {sha256}, expected its name"
        return photo_frames(decode_image(data), checkpoint.preprocess)
    except FileNotFoundError:
        return "is missing from the gallery"
    except (cv2.error, OSError, ValueError) as error:
        return f"cannot be embedded: {error}"

"""Building a gallery: products and photos of a source -> catalogue, photo store and index.

Products are written in small transactions, so a build that is stopped anywhere, by whatever, goes on where it was when
it is run again; what is already there and has not changed is only compared.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from rich.progress import Progress

from app.catalogue import Catalogue, Photo, Product, sqlite_url
from app.files import sha256_of, write_whole
from app.gallery import CATALOGUE_FILE, CHECKPOINT_FILE, PHOTOS, Gallery
from app.photos import PhotoStore
from app.retriever import resolve_device
from app.segments import Embeddings, make_index
from index_builder.feed import FeedError, FeedItem, FeedProblem, read_source
from model.checkpoint import DEFAULT_CHECKPOINT, Checkpoint, load_checkpoint
from model.preprocess import Pixels, UnreadableImage, decode_image

MAX_PHOTO_BYTES = 64 * 2**20

_BATCH = 32  # products embedded at once and written in one transaction
_AHEAD = 2 * _BATCH  # photos decoded before their turn: bounds memory
_MAX_THREADS = 4  # that decode; embedding is the slower part

_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True)
class BuildReport:
    """What a build did; `skipped` lists what gave no product, as (where or which, why)."""

    added: int
    updated: int
    unchanged: int
    skipped: tuple[tuple[str, str], ...]
    size: int  # products in the gallery now


@dataclass(frozen=True)
class _Ready:
    """A product to be written, its photo stored: with the frame to embed, or the embedding that its photo had."""

    product: Product
    is_new: bool
    frame: Pixels | None
    embedding: Embeddings | None


def build(
    source: Path,
    gallery_dir: Path,
    checkpoint_path: Path = DEFAULT_CHECKPOINT,
    index: str | None = None,
    progress: Progress | None = None,
    catalogue_url: str | None = None,
) -> BuildReport:
    """Bring a gallery up to date with a photo folder or a feed file; products that SOURCE does not name are left alone.

    Products are kept in the database of `catalogue_url`, or in a file of the gallery where it is None.
    `index` is a faiss.index_factory string; None keeps the gallery's, which is Flat at first. A bar is added to
    `progress`. Raises FeedError, CheckpointError, CheckpointMismatch for a gallery of another checkpoint, and
    ValueError for an unknown index; what is wrong with single products is only reported.
    """
    if source.is_dir() and gallery_dir.resolve().is_relative_to(source.resolve()):
        raise FeedError(f"gallery {gallery_dir} lies inside the photo folder {source}: expected it elsewhere")
    if gallery_dir.exists() and not gallery_dir.is_dir():
        raise FeedError(f"gallery {gallery_dir} is a file: expected a folder")
    items = list(read_source(source))
    if not items:
        raise FeedError(f"{source} has no products: expected photos, or a feed with lines")
    checkpoint = load_checkpoint(checkpoint_path, str(resolve_device("auto")))
    if index is not None:
        make_index(checkpoint.network.distance.search_dim, index)
    catalogue = _prepare_gallery(gallery_dir, checkpoint_path, checkpoint, index, catalogue_url)
    writer = _Writer(catalogue, PhotoStore(gallery_dir / PHOTOS), checkpoint)
    with ThreadPoolExecutor(min(_MAX_THREADS, os.cpu_count() or 1)) as pool:
        try:
            for outcome in _tracked(_map_ahead(pool, writer.prepare, items), len(items), progress):
                writer.take(outcome)
            writer.flush()
        finally:
            pool.shutdown(cancel_futures=True)
    gallery = Gallery.open(gallery_dir, checkpoint, catalogue)
    if not gallery.is_saved:
        gallery.save()
    report = BuildReport(writer.added, writer.updated, writer.unchanged, tuple(writer.skipped), gallery.size)
    gallery.close()
    return report


class _Writer:
    """One build's way into the catalogue: prepare() runs in many threads at once, all else in one."""

    def __init__(self, catalogue: Catalogue, photos: PhotoStore, checkpoint: Checkpoint) -> None:
        self._catalogue, self._photos, self._checkpoint = catalogue, photos, checkpoint
        self._batch: list[_Ready] = []
        self.added = self.updated = self.unchanged = 0
        self.skipped: list[tuple[str, str]] = []

    def prepare(self, item: FeedItem | FeedProblem) -> _Ready | FeedProblem | None:
        """Decode and store an item's photo; None when the catalogue has the product just so."""
        if isinstance(item, FeedProblem):
            return item
        try:
            data = _read(item.path)
        except (OSError, UnreadableImage) as error:
            return FeedProblem(item.product.product_id, str(error))
        source = hashlib.sha256(data).hexdigest()
        found = self._catalogue.embedded(item.product.product_id)
        old = found and found[0]
        if found and old and [photo.source for photo in old.photos] == [source] and self._photos.has(old.photo):
            product = replace(item.product, photos=old.photos)
            return None if replace(old, revision=0) == product else _Ready(product, False, None, found[1][0])
        try:
            image = decode_image(data)
            frame = self._checkpoint.preprocess.photo(image)
        except (UnreadableImage, cv2.error, OSError, ValueError) as error:
            return FeedProblem(item.product.product_id, str(error))
        product = replace(item.product, photos=(Photo(self._photos.put(image), source),))
        return _Ready(product, old is None, frame, None)

    def take(self, outcome: _Ready | FeedProblem | None) -> None:
        """Count what prepare() gave, and write it when a batch is full."""
        if outcome is None:
            self.unchanged += 1
        elif isinstance(outcome, FeedProblem):
            self.skipped.append((outcome.where, outcome.reason))
        else:
            self._batch.append(outcome)
            if len(self._batch) == _BATCH:
                self.flush()

    def flush(self) -> None:
        """Embed and write what has been taken."""
        if not self._batch:
            return
        made = iter(self._checkpoint.embed_frames([one.frame for one in self._batch if one.frame is not None]))
        embeddings = [next(made) if one.embedding is None else one.embedding for one in self._batch]
        self._catalogue.put([one.product for one in self._batch], np.stack(embeddings))
        new = sum(one.is_new for one in self._batch)
        self.added, self.updated = self.added + new, self.updated + len(self._batch) - new
        self._batch = []


def _prepare_gallery(
    directory: Path, checkpoint_path: Path, checkpoint: Checkpoint, index: str | None, catalogue_url: str | None
) -> Catalogue:
    """The gallery's catalogue, bound to the checkpoint, with the checkpoint's copy beside it."""
    directory.mkdir(parents=True, exist_ok=True)
    catalogue = Catalogue(catalogue_url or sqlite_url(directory / CATALOGUE_FILE))
    catalogue.bind(checkpoint.sha256, checkpoint.network.dim)
    if index is not None:
        catalogue.set_factory(index)
    copy = directory / CHECKPOINT_FILE
    if not copy.is_file() or sha256_of(copy) != checkpoint.sha256:
        write_whole(copy, lambda path: shutil.copyfile(checkpoint_path, path))
    return catalogue


def _read(path: Path) -> bytes:
    """A photo file's bytes, unless it is absent or larger than any photo."""
    if not path.is_file():
        raise UnreadableImage(f"photo {path} is not there")
    size = path.stat().st_size
    if size > MAX_PHOTO_BYTES:
        raise UnreadableImage(f"photo {path} has {size:,} bytes: expected at most {MAX_PHOTO_BYTES:,}")
    return path.read_bytes()


def _map_ahead(pool: ThreadPoolExecutor, function: Callable[[_In], _Out], items: Iterable[_In]) -> Iterator[_Out]:
    """function(item) of every item in order, worked on at most _AHEAD items before it is asked for."""
    waiting: deque[Future[_Out]] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) >= _AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _tracked(outcomes: Iterable[_Out], total: int, progress: Progress | None) -> Iterator[_Out]:
    task = progress.add_task("Building", total=total) if progress else None
    for outcome in outcomes:
        yield outcome
        if progress is not None and task is not None:
            progress.advance(task)

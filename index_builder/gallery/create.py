"""Creation of a gallery without products, for a build to fill or a server to serve at once."""

from __future__ import annotations

import shutil
from pathlib import Path

from app.catalogue.catalogue import Catalogue
from app.catalogue.mirroring import is_worth_mirroring
from app.core.atomic_files import sha256_of, write_atomically
from app.gallery.checkpoint_store import share_checkpoint
from app.gallery.gallery import Gallery
from app.gallery.layout import CHECKPOINT_FILE, GalleryLocation
from app.index.metric_forms import form_for
from model.checkpoint import DEFAULT_CHECKPOINT, Checkpoint, load_checkpoint


def create_gallery(
    location: GalleryLocation, checkpoint_path: Path = DEFAULT_CHECKPOINT, index: str | None = None
) -> int:
    """Create a gallery, unless it exists. Return the number of its products, 0 for a new one.

    `index` is a faiss.index_factory string; None keeps the gallery's index, which is Flat at first.

    Raises:
        CheckpointError: The checkpoint cannot be loaded.
        CatalogueError: The catalogue of the gallery is elsewhere.
        CheckpointMismatchError: The gallery has another checkpoint.
        ValueError: The index is unknown, or the directory is a file.
    """
    directory = location.directory
    if directory.exists() and not directory.is_dir():
        raise ValueError(f"gallery {directory} is a file: expected a folder")
    checkpoint = load_checkpoint(checkpoint_path, "cpu")
    catalogue = prepare_gallery(location, checkpoint_path, checkpoint, index, products=0)
    gallery = Gallery.open(directory, checkpoint, catalogue)
    size = gallery.size
    gallery.close()
    return size


def prepare_gallery(
    location: GalleryLocation, checkpoint_path: Path, checkpoint: Checkpoint, index: str | None, products: int
) -> Catalogue:
    """Open or create the gallery's catalogue, bind it to the checkpoint, and copy the checkpoint beside it.

    A new gallery's photos are embedded both ways round if that is worth it for so many products.

    Raises ValueError for an unknown index, before anything is created.
    """
    if index is not None:
        form_for(checkpoint.network.distance, index)
    catalogue = location.open_or_create_catalogue()
    catalogue.bind(checkpoint.sha256, checkpoint.network.dim, mirrored=is_worth_mirroring(products))
    if index is not None:
        catalogue.set_factory(index)
    copy = location.directory / CHECKPOINT_FILE
    if not copy.is_file() or sha256_of(copy) != checkpoint.sha256:
        write_atomically(copy, lambda path: shutil.copyfile(checkpoint_path, path))
    share_checkpoint(location, copy)
    return catalogue

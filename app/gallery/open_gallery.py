"""Opening of a gallery together with the checkpoint that its catalogue names."""

from __future__ import annotations

import logging
from contextlib import closing

from app.catalogue.catalogue import Catalogue
from app.database.errors import CheckpointMismatchError
from app.gallery.checkpoint_store import checkpoint_file, share_checkpoint
from app.gallery.gallery import Gallery
from app.gallery.layout import GalleryLocation
from app.index.gpu import Gpu, gpu_for
from app.products.grouping import Grouping
from model.checkpoint import Checkpoint, load_checkpoint
from model.inference.engine import EngineName

_log = logging.getLogger(__name__)


def open_gallery(
    location: GalleryLocation, device: str, grouping: Grouping = Grouping.BY_ID, engine: EngineName | None = None
) -> tuple[Checkpoint, Gallery]:
    """Open a gallery with the checkpoint that its catalogue names. `device` is where its index is searched.

    `engine` computes embeddings; None is that of the environment (load_checkpoint()).

    Raises CatalogueError, CheckpointMismatchError or CheckpointError for a gallery that cannot be opened, and
    MilvusError.
    """
    catalogue = location.open_catalogue()
    try:
        return _open_matching(location, catalogue, gpu_for(device), grouping, engine)
    except BaseException:
        catalogue.close()
        raise


def read_checkpoint_hash(location: GalleryLocation) -> str | None:
    """Read the SHA-256 of the checkpoint that a gallery's catalogue names, None if it is new.

    Raises CatalogueError when there is no catalogue.
    """
    with closing(location.open_catalogue()) as catalogue:
        return catalogue.state().checkpoint


def _open_matching(
    location: GalleryLocation, catalogue: Catalogue, gpu: Gpu | None, grouping: Grouping, engine: EngineName | None
) -> tuple[Checkpoint, Gallery]:
    """Open a gallery with its catalogue, again if it is re-embedded between the load of the checkpoint and its use."""
    directory, photos = location.directory, location.claim_photos(catalogue)
    while True:
        before = catalogue.state()
        path = checkpoint_file(location, before.checkpoint)
        checkpoint = load_checkpoint(path, engine=engine)
        try:
            share_checkpoint(location, path)
            return checkpoint, Gallery.open(directory, checkpoint, catalogue, gpu, grouping, photos, location.milvus)
        except CheckpointMismatchError:
            if catalogue.state().origin == before.origin:
                raise
            _log.info("%s was embedded again while it was opened", directory)

"""The challenger: a second checkpoint that searches the same gallery, beside the gallery's own."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from app.catalogue.challenger.challenger_catalogue import ChallengerCatalogue
from app.core.shutdown import Shutdown
from app.database.state import EmbeddingsOrigin
from app.gallery.gallery import Gallery
from app.gallery.layout import CHALLENGER_INDEX
from app.gallery.maintenance import Maintenance
from app.gallery.photo_store import PhotoStore
from app.index.gpu import gpu_for
from app.serving.search_runtime import SearchRuntime, grouping_of, location_of
from app.settings import Settings
from model.checkpoint import Checkpoint
from model.preprocessing.edge_styles import photo_frames
from model.preprocessing.images import Pixels, decode_image

_log = logging.getLogger(__name__)


class ChallengerGallery(Gallery):
    """Gallery of a challenger's embeddings, whose index is saved beside the gallery's own."""

    index_folder = CHALLENGER_INDEX


class Challenger(SearchRuntime):
    """Runtime of a challenger, which only searches. It follows the catalogue's changes until close()."""

    def __init__(
        self, checkpoint: Checkpoint, catalogue: ChallengerCatalogue, gallery: ChallengerGallery, settings: Settings
    ) -> None:
        super().__init__(checkpoint, gallery, settings)
        self._catalogue = catalogue
        self._maintenance = Maintenance(gallery, lambda: None)

    @classmethod
    def open(cls, settings: Settings, checkpoint: Checkpoint, catalogue: ChallengerCatalogue) -> Self:
        """Open the gallery, after embedding the photos that the checkpoint has not embedded yet, and follow it.

        After an error, nothing is left open.
        """
        location, grouping, gpu = location_of(settings), grouping_of(settings), gpu_for(settings.device)
        with ExitStack() as opened:  # closed if a later step fails
            opened.callback(catalogue.close)
            gallery = ChallengerGallery.open(
                location.directory, checkpoint, catalogue, gpu, grouping, location.open_photos()
            )
            challenger = cls(checkpoint, catalogue, gallery, settings)
            opened.callback(challenger.sketch_decoder.close)
            challenger.sketch_decoder.start()
            challenger.warm_up(settings.threads)
            opened.callback(challenger._copy.close)
            if settings.catalogue:
                challenger._copy.start()
            challenger._maintenance.start()
            opened.pop_all()
        return challenger

    def close(self, shutdown: Shutdown) -> None:
        """Stop following the catalogue, and close the gallery."""
        self._catalogue.stop()
        closers = {"challenger's upkeep": self._maintenance.close, "challenger's decoders": self.sketch_decoder.close}
        shutdown.close(closers | {"challenger's copy": self._copy.close})
        shutdown.close({"challenger": self.gallery.close})


def open_catalogue(settings: Settings, checkpoint: Checkpoint) -> ChallengerCatalogue:
    """Connect to the gallery's catalogue as a challenger. Raises CatalogueError."""
    location = location_of(settings)
    embed = partial(_embed, location.open_photos(), checkpoint)
    return ChallengerCatalogue(location.url, checkpoint.sha256, checkpoint.network.dim, embed)


def _embed(
    photos: PhotoStore, checkpoint: Checkpoint, names: Sequence[str], origin: EmbeddingsOrigin
) -> dict[str, NDArray[np.float32]]:
    """Embed stored photos. Those that cannot be read are logged and left out."""
    frames: dict[str, Pixels] = {}
    for name in names:
        try:
            frames[name] = photo_frames(decode_image(photos.read(name)), checkpoint.preprocess)
        except (cv2.error, OSError, ValueError) as error:
            _log.warning("photo %s cannot be embedded by the challenger: %s", name, error)
    if not frames:
        return {}
    embeddings = checkpoint.embed_photos(list(frames.values()), mirrored=origin.is_mirrored)
    return dict(zip(frames, embeddings, strict=True))

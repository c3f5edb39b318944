"""What serves a gallery at one time: a checkpoint, and all that works with it. A re-embedding replaces it whole.

So no search or write ever meets two checkpoints: it holds on to what it began with, and what has been replaced is
closed when nothing holds on to it any more.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from app.catalogue.catalogue import Catalogue
from app.core.cpu_limits import limit_threads, set_compute_threads, threads_per_batch
from app.core.shutdown import Shutdown
from app.database.errors import CheckpointMismatchError
from app.decoding.sketch_decoder import SketchDecoder
from app.decoding.worker_pool import DecoderUnavailableError
from app.gallery.checkpoint_store import checkpoint_file
from app.gallery.gallery import Gallery
from app.gallery.layout import catalogue_of
from app.index.gpu import Gpu, gpu_for
from app.ingest.gallery_writer import GalleryWriter
from app.search.retriever import Retriever
from app.settings import Settings
from model.checkpoint import Checkpoint, load_checkpoint

_SELF_EXPLAINING_ERRORS = (ValueError, OSError, SQLAlchemyError, DecoderUnavailableError)  # whose messages say all
_log = logging.getLogger(__name__)


class Runtime:
    """A gallery in use. Once this is made, a first search has been run.

    `outdated` is called, again and again, once the catalogue has been embedded anew. Raises CatalogueError,
    CheckpointMismatch or CheckpointError for a gallery that cannot be served, ValueError for a device that is not
    there, NotDecoded, and whatever else a first search meets, such as a GPU without memory.
    """

    def __init__(self, settings: Settings, outdated: Callable[[Runtime], object]) -> None:
        with ExitStack() as opened:  # closed when anything fails
            self.checkpoint, self.gallery = _open(settings)
            opened.callback(self.gallery.close)
            self.retriever = Retriever(self.checkpoint, self.gallery, settings.n_candidates, settings.device)
            self.workshop = SketchDecoder(self.checkpoint.preprocess.config, settings.max_pixels)
            opened.callback(self.workshop.close)
            for count in reversed(threads_per_batch(limit_threads(settings.threads))):
                set_compute_threads(count)
                self.retriever.search(self.checkpoint.preprocess.strokes([[[0, 0], [100, 100]]]), 1)
            self.workshop.warm_up()
            self.writer = GalleryWriter(
                self.gallery, self.checkpoint, lambda: outdated(self), allow_private=settings.allow_private_addresses
            )
            opened.pop_all()
        self._lock = threading.Lock()
        self._users, self._retired = 0, False

    def acquire(self) -> bool:
        """Keep it from being closed until let_go(); False if it has been replaced, so that it may be closed already."""
        with self._lock:
            if not self._retired:
                self._users += 1
            return not self._retired

    def release(self) -> None:
        """End what hold() began."""
        with self._lock:
            self._users -= 1
            is_last = self._retired and not self._users
        if is_last:
            self._close_aside()

    def retire(self) -> None:
        """Close it as soon as nobody holds it."""
        with self._lock:
            self._retired = True
            is_last = not self._users
        if is_last:
            self._close_aside()

    def close(self, shutdown: Shutdown) -> None:
        """Finish single writes, leave imports to whoever is next, and close the gallery."""
        self.writer.close(shutdown)
        shutdown.close({"sketch decoders": self.workshop.close})
        shutdown.close({"gallery": self.gallery.close})

    def _close_aside(self) -> None:
        # takes a while, and may be called by its own threads; a server that ends does not wait for it
        threading.Thread(target=self.close, args=[Shutdown.unlimited()], name="retire", daemon=True).start()


def reason_of(error: Exception) -> str:
    """In one line, why there is no Serving; with the error's kind where its message was not made to be read alone."""
    line = str(error).partition("\n")[0]
    return line if isinstance(error, _SELF_EXPLAINING_ERRORS) else f"{type(error).__name__}: {line}"


def _open(settings: Settings) -> tuple[Checkpoint, Gallery]:
    """The gallery, with the checkpoint that its catalogue names."""
    directory = settings.gallery
    catalogue = catalogue_of(directory, settings.catalogue.get_secret_value() if settings.catalogue else None)
    try:
        return _matching(directory, catalogue, gpu_for(settings.device))
    except BaseException:
        catalogue.close()
        raise


def _matching(directory: Path, catalogue: Catalogue, gpu: Gpu | None) -> tuple[Checkpoint, Gallery]:
    while True:
        named = catalogue.state().checkpoint
        checkpoint = load_checkpoint(checkpoint_file(directory, named))
        try:
            return checkpoint, Gallery.open(directory, checkpoint, catalogue, gpu)
        except CheckpointMismatchError as error:
            if error.recorded == named:
                raise
            _log.info("%s got another checkpoint while it was opened", directory)

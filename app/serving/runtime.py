"""Checkpoint of a gallery and all objects that depend on it, which a re-embedding replaces together.

A search or write keeps the runtime that it began with, so it never meets two checkpoints. A replaced runtime is closed
when its last user releases it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

from sqlalchemy.exc import SQLAlchemyError

from app.core.shutdown import Shutdown
from app.decoding.worker_pool import DecoderUnavailableError
from app.gallery.gallery import Gallery
from app.gallery.open_gallery import open_gallery
from app.ingest.feed_puller import ScheduledFeed
from app.ingest.gallery_writer import GalleryWriter
from app.observability.metrics import Metrics
from app.photo_fetch.webhook import WebhookTarget
from app.serving.search_runtime import SearchRuntime, grouping_of, location_of
from app.settings import Settings
from model.checkpoint import Checkpoint

_SELF_EXPLAINING_ERRORS = (
    ValueError,
    OSError,
    SQLAlchemyError,
    DecoderUnavailableError,
)  # their messages need no class name
_log = logging.getLogger(__name__)


class Runtime(SearchRuntime):
    """Open gallery with its checkpoint, retriever, decoders and writer, made by Runtime.open()."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        gallery: Gallery,
        settings: Settings,
        outdated: Callable[[Runtime], object],
        metrics: Metrics,
    ) -> None:
        super().__init__(checkpoint, gallery, settings)
        self.writer = GalleryWriter(
            gallery,
            checkpoint,
            lambda: outdated(self),
            metrics,
            _scheduled_feed(settings),
            _webhook_target(settings),
            allow_private=settings.allow_private_addresses,
        )
        self._lock = threading.Lock()
        self._users, self._is_retired = 0, False

    @classmethod
    def open(cls, settings: Settings, outdated: Callable[[Runtime], object], metrics: Metrics) -> Self:
        """Open the gallery that the settings name, run first searches, and start to import and to maintain it.

        `outdated` is called, repeatedly, once the catalogue has been embedded again. Raises CatalogueError,
        CheckpointMismatchError or CheckpointError for a gallery that cannot be served, and ValueError for a missing
        device. Raises DecoderUnavailableError, and any other error of a first search, such as a GPU without memory.
        After an error, nothing is left open.
        """
        with ExitStack() as opened:  # closed if a later step fails
            checkpoint, gallery = _open(settings)
            opened.callback(gallery.close)
            runtime = cls(checkpoint, gallery, settings, outdated, metrics)
            opened.callback(runtime.sketch_decoder.close)
            runtime.sketch_decoder.start()
            runtime.warm_up(settings.threads)
            opened.callback(runtime._copy.close)
            if settings.catalogue:  # a file does not go away, so a copy of its products would be a waste of memory
                runtime._copy.start()
            runtime.writer.start()
            opened.pop_all()
        return runtime

    def acquire(self) -> bool:
        """Keep the runtime open until release(); return False if it has been replaced, and so may be closed already."""
        with self._lock:
            if not self._is_retired:
                self._users += 1
            return not self._is_retired

    def release(self) -> None:
        """Undo one acquire(), and close a replaced runtime after its last user."""
        with self._lock:
            self._users -= 1
            is_last = self._is_retired and not self._users
        if is_last:
            self._close_in_background()

    def retire(self) -> None:
        """Close the runtime as soon as it has no users."""
        with self._lock:
            self._is_retired = True
            is_last = not self._users
        if is_last:
            self._close_in_background()

    def close(self, shutdown: Shutdown) -> None:
        """Finish single writes, leave imports to the next runtime, and close the gallery."""
        self.writer.close(shutdown)
        shutdown.close({"sketch decoders": self.sketch_decoder.close, "memory copy": self._copy.close})
        shutdown.close({"gallery": self.gallery.close})

    def _close_in_background(self) -> None:
        # closing takes a while, and its own threads may call this; a daemon thread does not delay the end of the server
        threading.Thread(target=self.close, args=[Shutdown.unlimited()], name="retire", daemon=True).start()


def reason_of(error: Exception) -> str:
    """Describe in one line why no runtime could be opened, with the error's class unless its message suffices."""
    line = str(error).partition("\n")[0]
    return line if isinstance(error, _SELF_EXPLAINING_ERRORS) else f"{type(error).__name__}: {line}"


def _scheduled_feed(settings: Settings) -> ScheduledFeed | None:
    """Return the feed that the settings name, if any."""
    if settings.feed_url is None:
        return None
    url, seconds = settings.feed_url.get_secret_value(), 60 * settings.feed_every
    return ScheduledFeed(url, seconds, settings.max_feed_bytes, settings.feed_complete)


def _webhook_target(settings: Settings) -> WebhookTarget | None:
    """Return the webhook that the settings name, if any."""
    if settings.import_webhook is None or settings.import_webhook_secret is None:
        return None
    return WebhookTarget(settings.import_webhook.get_secret_value(), settings.import_webhook_secret.get_secret_value())


def _open(settings: Settings) -> tuple[Checkpoint, Gallery]:
    """Open the gallery that the settings name."""
    return open_gallery(location_of(settings), settings.device, grouping_of(settings), settings.engine)

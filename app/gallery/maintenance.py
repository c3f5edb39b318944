"""Background maintenance of a served gallery: follow the writes of other processes, and merge the index."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.exc import OperationalError

from app.core.retry_errors import RetryLaterError
from app.database.contact.database_server import DatabaseServer
from app.database.errors import CheckpointMismatchError
from app.database.rows import DamagedCatalogueError
from app.gallery.gallery import Gallery
from app.gallery.garbage import remove_unused_photos, remove_unused_values

_POLL_INTERVAL = 0.25  # s between checks of the catalogue's revision
_PATIENCE = 2.0  # s that these may take before the database's server is checked
_RETRY_SECONDS = 60.0  # after a compaction that failed, as on a full disk
_TOUCH_INTERVAL = 10.0  # s between attempts to touch photos that a full or read-only disk refused
_log = logging.getLogger(__name__)


class Maintenance:
    """Maintenance threads of one gallery, from start() to close().

    `on_outdated` is called repeatedly while the catalogue belongs to another checkpoint.
    """

    def __init__(self, gallery: Gallery, on_outdated: Callable[[], object]) -> None:
        self._gallery, self._on_outdated = gallery, on_outdated
        self._stopping = threading.Event()
        self._followed_at = time.monotonic()
        self._threads = [
            threading.Thread(target=self._follow, name="follow", daemon=True),
            threading.Thread(target=self._compact, name="compact", daemon=True),
        ]
        if (server := gallery.catalogue.server) is not None:
            self._threads.append(threading.Thread(target=self._check, args=(server,), name="check", daemon=True))

    def start(self) -> None:
        """Start the threads."""
        self._followed_at = time.monotonic()
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop the threads. A running compaction is finished first."""
        self._stopping.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _follow(self) -> None:
        """Refresh the gallery whenever the catalogue changes. A persistent error is logged once."""
        is_logged = False
        while not self._stopping.wait(_POLL_INTERVAL):
            try:
                self._gallery.refresh()
                is_logged = False
            except CheckpointMismatchError:
                self._on_outdated()
            except OperationalError:
                pass  # the gallery logs that its database is away
            except Exception as error:  # the next attempt may succeed
                if not is_logged:
                    level = logging.ERROR if isinstance(error, DamagedCatalogueError) else logging.WARNING
                    _log.log(level, "changes of the catalogue cannot be read now: %r", error)
                is_logged = True
            self._followed_at = time.monotonic()

    def _check(self, server: DatabaseServer) -> None:
        """Check the database's server while it is away, and when _follow() waits for it for long."""
        contact = self._gallery.contact
        while not self._stopping.wait(_POLL_INTERVAL):
            if contact.is_up and time.monotonic() - self._followed_at < _PATIENCE:
                continue
            with suppress(OperationalError):
                contact.ask(server.check)
                self._followed_at = time.monotonic()

    def _compact(self) -> None:
        """Merge the index when much has changed, then remove unused photos and values."""
        pause, due = _POLL_INTERVAL, 0.0
        while not self._stopping.wait(pause):
            pause = _POLL_INTERVAL
            try:
                if time.monotonic() >= due or self._gallery.is_scattered:
                    self._gallery.photos.files.check()
                    self._gallery.photos.touch_released()
                    due = time.monotonic() + _TOUCH_INTERVAL
                if self._gallery.is_scattered:
                    if not self._gallery.save():
                        continue
                    remove_unused_photos(self._gallery.photos, self._gallery.catalogue)
                    remove_unused_values(self._gallery.catalogue)
            except CheckpointMismatchError:
                return
            except RetryLaterError as error:
                _log.warning("the index cannot be saved for now: %s", error)
                pause = error.seconds
            except Exception as error:  # such as a full disk; the gallery is still served
                _log.warning("the index cannot be saved for now: %r", error)
                pause = _RETRY_SECONDS

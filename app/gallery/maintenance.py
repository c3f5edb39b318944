"""A thread that follows what other processes write to a gallery, and has its index merged when much has changed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from app.database.errors import CheckpointMismatchError
from app.database.rows import DamagedCatalogueError
from app.gallery.gallery import Gallery
from app.gallery.garbage import remove_unused_photos, remove_unused_values

_EVERY = 0.25  # s between looks at the catalogue's revision
_AGAIN = 60.0  # s before a compaction is tried again that the disk has stopped
_TOUCHING = 10.0  # s between attempts to touch the photos that a full or read-only disk did not let be touched
_log = logging.getLogger(__name__)


class Maintenance:
    """Keeps one gallery up, until close(). `outdated` is called while the catalogue is of another checkpoint."""

    def __init__(self, gallery: Gallery, outdated: Callable[[], object]) -> None:
        self._gallery, self._outdated = gallery, outdated
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._follow, name="follow", daemon=True),
            threading.Thread(target=self._compact, name="compact", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop, after a compaction that is going on."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _follow(self) -> None:
        told = False
        while not self._stopping.wait(_EVERY):
            try:
                self._gallery.refresh()
                told = False
            except CheckpointMismatchError:
                self._outdated()
            except Exception as error:  # whatever it is, the next change may be followed
                if not told:  # once, not four times a second
                    level = logging.ERROR if isinstance(error, DamagedCatalogueError) else logging.WARNING
                    _log.log(level, "the catalogue cannot be followed: %r", error)
                told = True

    def _compact(self) -> None:
        pause, due = _EVERY, 0.0
        while not self._stopping.wait(pause):
            pause = _EVERY
            try:
                if time.monotonic() >= due or self._gallery.is_scattered:
                    self._gallery.photos.touch_released()
                    due = time.monotonic() + _TOUCHING
                if self._gallery.is_scattered:
                    self._gallery.save()
                    remove_unused_photos(self._gallery.photos, self._gallery.catalogue)
                    remove_unused_values(self._gallery.catalogue)
            except CheckpointMismatchError:
                return
            except Exception as error:  # such as a full disk; the gallery is served as it is
                _log.warning("the index cannot be saved for now: %r", error)
                pause = _AGAIN
